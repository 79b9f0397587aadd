"""The outlines of one heart at end-diastole, and the grid on which they are drawn.

One fine grid in heart coordinates holds which tissue is where and how strongly it scatters.
"""

import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.anatomy import Anatomy, Array

X_RANGE = (-125.0, 105.0)  # mm, across
ABOVE, BELOW = 45.0, 130.0  # mm beyond the apex and beyond the annulus

Labels = npt.NDArray[np.uint8]


class Outlines:
    """The outlines of one heart in mm, each an array (N, 2) of x, z."""

    def __init__(self, heart: Anatomy) -> None:
        self.cavity = an.cavity_outline(heart)
        self.endocardium = an.outset(self.cavity, heart.trabeculae)
        self.epicardium = an.outset(self.endocardium, heart.wall)
        left, right, base = self.endocardium[0, 0], self.endocardium[-1, 0], heart.length
        self.la = an.chamber((left, right), base, *heart.la)
        tricuspid_right = self.epicardium[0, 0] + 1.0
        self.rv_base = base - 0.06 * heart.length  # the tricuspid annulus sits nearer the apex
        tricuspid_left = tricuspid_right - heart.rv[0]
        atrium_right = min(tricuspid_right, float(self.la[:, 0].min()) - heart.interatrial)
        ra_top = (min(tricuspid_left, atrium_right - 12), atrium_right)
        self.ra = an.chamber(ra_top, self.rv_base, *heart.ra)
        self.ra[:, 0] -= max(0.0, float(self.ra[:, 0].max()) - atrium_right)
        self.rv = self._right_ventricle(heart, tricuspid_left)
        self.rv_wall = np.concatenate([self._free_wall(heart), self.rv])

    def _right_ventricle(self, heart: Anatomy, left: float) -> Array:
        septum = self.epicardium[: len(self.epicardium) // 2]
        tip = heart.length * (1 - heart.rv[1])
        beside = septum[septum[:, 1] > tip]
        z = np.linspace(tip, self.rv_base, 30)
        q = (z - tip) / (self.rv_base - tip)
        septal_x = np.interp(z, beside[::-1, 1], beside[::-1, 0])
        reach = septal_x[-1] - left
        free = np.stack([septal_x - reach * np.sin(q**0.8 * np.pi / 2) ** 1.0, z], 1)
        inner = np.stack([septal_x, z], 1)[::-1]
        return np.concatenate([free, inner]).astype("f4")

    def _free_wall(self, heart: Anatomy) -> Array:
        free = self.rv[:30].copy()
        free[:, 0] -= heart.rv[2]
        free[:, 1] -= heart.rv[2] * 0.7
        return free


def rows_of(outline: Array, step: float, margin: float) -> slice:
    """The rows of the grid that hold an outline and `margin` mm above and below it."""
    z = outline[:, 1]
    top, bottom = (int((end + ABOVE) / step) for end in (z.min() - margin, z.max() + margin))
    return slice(max(0, top), max(1, bottom + 1))


def cells(outline: Array, step: float, top: int = 0) -> npt.NDArray[np.int32]:
    """Outline in grid cells from row `top` on, with 4 fractional bits, as OpenCV's `shift=4` wants it."""
    cells = np.round((outline - (X_RANGE[0], -ABOVE)) / step * 16).astype(np.int32)
    cells[:, 1] -= 16 * top
    return cells
