"""The reference picture of a heart: which tissue is where at end-diastole, and how strongly it scatters.

Both live on one fine grid in heart coordinates; the motion module says for each pixel of each frame where in
this picture it came from, so labels and brightness always move together.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.anatomy import Anatomy, Array
from echodfkd.synth.sim.brightness import Echo, draw_level
from echodfkd.synth.sim.outlines import ABOVE, BELOW, X_RANGE, Labels, Outlines, cells


@dataclass(frozen=True)
class Reference:
    """Reference picture. Row index = (z + ABOVE) / step, column index = (x - X_RANGE[0]) / step.

    Attributes:
        labels: uint8 (rows, columns), tissues of `anatomy`.
        amplitude: float32 (rows, columns), scatterer strength, 1 = mean compact myocardium.
        step: mm per cell.
    """

    labels: Labels
    amplitude: Array
    step: float

    def column(self, x: Array) -> Array:
        """Fractional column of x (mm)."""
        return (x - X_RANGE[0]) * np.float32(1 / self.step)

    def row(self, z: Array) -> Array:
        """Fractional row of z (mm)."""
        return (z + ABOVE) * np.float32(1 / self.step)

    def tissues(self, x: Array, z: Array) -> Labels:
        """Tissues at x, z (mm), uint8 (...); beyond the edge as at the edge."""
        border = cv2.BORDER_REPLICATE
        found = cv2.remap(self.labels, self.column(x), self.row(z), cv2.INTER_NEAREST, borderMode=border)
        return np.asarray(found, np.uint8)


def build_reference(heart: Anatomy, echo: Echo, rng: np.random.Generator, step: float) -> Reference:
    """Draw the tissues of a heart on a grid of `step` mm and give each its scatterer strength."""
    shape = (
        int((heart.length + ABOVE + BELOW) / step) + 1,
        int((X_RANGE[1] - X_RANGE[0]) / step) + 1,
    )
    parts = Outlines(heart)
    labels = _draw_labels(parts, heart, rng, shape, step)
    level = draw_level(parts, labels, heart, echo, rng, step)
    amplitude = np.power(np.float32(10), level / 20)
    blurred = np.asarray(cv2.GaussianBlur(amplitude, (0, 0), 0.6 / step), np.float32)
    return Reference(labels, blurred, step)


def _draw_labels(
    parts: Outlines, heart: Anatomy, rng: np.random.Generator, shape: tuple[int, int], step: float
) -> Labels:
    labels = np.zeros(shape, np.uint8)

    def fill(outline: Array, tissue: int) -> None:
        cv2.fillPoly(labels, [cells(outline, step)], tissue, shift=4)

    shell = an.chamber((parts.endocardium[0, 0], parts.endocardium[-1, 0]), heart.length, *heart.la)
    centre = shell.mean(0)
    fill((shell - centre) * (1 + 2 * heart.interatrial / heart.la[1]) + centre, an.WALL)
    ra_centre = parts.ra.mean(0)
    fill((parts.ra - ra_centre) * (1 + 1.5 * heart.interatrial / heart.ra[1]) + ra_centre, an.WALL)
    fill(parts.rv_wall, an.WALL)
    fill(parts.rv, an.RV)
    fill(parts.ra, an.RA)
    fill(parts.la, an.LA)
    fill(parts.epicardium, an.WALL)
    fill(parts.endocardium, an.TRABECULAE)
    fill(parts.cavity, an.CAVITY)
    _draw_papillary(labels, heart, rng, step)
    return labels


def _draw_papillary(labels: Labels, heart: Anatomy, rng: np.random.Generator, step: float) -> None:
    """Papillary muscle off the lateral wall and now and then a false tendon; both inside the cavity."""
    share, length, thickness = heart.papillary
    _, right, offset = an.cavity_sides(heart, np.array([share]))
    at = np.array([[offset[0] + right[0] - thickness * rng.uniform(0.2, 1.1), share * heart.length]], "f4")
    centre = cells(at, step)[0]
    size = (int(thickness / 2 / step * 16), int(length / 2 / step * 16))
    muscle = np.zeros_like(labels)
    tilt = float(rng.uniform(-15, 15))
    cv2.ellipse(muscle, centre.tolist(), size, tilt, 0, 360, 1, -1, shift=4)
    if rng.random() < 0.08:
        ends = np.stack([at[0], (offset[0] - right[0] * 0.6, share * heart.length * rng.uniform(0.6, 1.1))])
        cv2.polylines(muscle, [cells(ends.astype("f4"), step)], False, 1, max(1, int(1.2 / step)), shift=4)
    labels[(muscle > 0) & (labels == an.CAVITY)] = an.PAPILLARY
