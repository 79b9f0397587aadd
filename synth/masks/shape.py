"""The heart in a label map, measured: where its long axis lies and how wide the LV is along it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from echodfkd.clip import Label
from echodfkd.errors import EchoError
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.motion import TABLE, Profile
from echodfkd.volume import Disks, Floats, disk_volume

LENGTH = 80.0  # mm: every heart is measured as one of this length, whatever its pixels are
CAP, ATRIUM = 8.0, 45.0  # mm, of an apical wall and an atrium that the map does not show
LEAST_CAP, LEAST_ATRIUM = 4.0, 20.0
ROWS, COLUMNS = TABLE // 4, 193  # samples along the cavity (the q of 0..1 in the table) and across
REACH = 60.0  # mm across, on either side of the axis
CLEAR = 0.04  # share of the length near apex and base where the middle of the LV says little
SMOOTH_WIDTH, SMOOTH_MIDDLE = 0.015, 0.05  # shares of the length


@dataclass(frozen=True, eq=False)
class Shape:
    """Heart coordinates of a label map (see `sim.anatomy`: x across, z from the apex), and its LV in them.

    Attributes:
        apex: x, y in pixels. along, across: unit vectors (x, y) of z and x; the septum lies at negative x.
        scale: mm per pixel. disks: the LV by the method of disks, in pixels.
        profile: what `sim`'s motion wants to know, in mm of a heart of `LENGTH`.
    """

    apex: Floats
    along: Floats
    across: Floats
    scale: float
    disks: Disks
    profile: Profile

    def to_heart(self, x: npt.NDArray, y: npt.NDArray) -> tuple[Array, Array]:
        """Pixels (x, y) -> heart coordinates (x, z) in mm."""
        return _turn(x - self.apex[0], y - self.apex[1], self.across, self.along, self.scale)

    def to_picture(self, x: npt.NDArray, z: npt.NDArray) -> tuple[Array, Array]:
        """Heart coordinates (x, z) in mm -> pixels (x, y); undoes `to_heart`."""
        rows = np.stack([self.across, self.along], 1)
        px, py = _turn(x, z, rows[0], rows[1], 1 / self.scale)
        return px + np.float32(self.apex[0]), py + np.float32(self.apex[1])

    def pixels(self, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Heart coordinates (x, z) of every pixel of a picture of `shape` (H, W)."""
        y, x = np.indices(shape)
        return self.to_heart(x, y)


def measure(map_: LabelMap) -> Shape:
    """Measure the heart of a label map (apex towards the top).

    Raises:
        EchoError: when the LV is too small to have a shape.
    """
    disks = disk_volume(map_.lv)
    if disks.apex is None or disks.base is None:
        raise EchoError(f"the LV of the label map has only {int(map_.lv.sum())} pixels: too small to move")
    apex, base = np.array(disks.apex), np.array(disks.base)
    along = (base - apex) / np.linalg.norm(base - apex)
    across = np.array([along[1], -along[0]])  # to the right of the picture
    right = np.isin(map_.classes, (Label.RV, Label.RA))
    if right.any():
        y, x = np.argwhere(right).mean(0)
        across = -across if (np.array([x, y]) - apex) @ across > 0 else across
    blank = Profile(LENGTH, CAP, ATRIUM, np.zeros((2, TABLE), "f4"), np.zeros(TABLE, "f4"))
    shape = Shape(apex, along, across, LENGTH / disks.length_mm, disks, blank)
    return Shape(apex, along, across, shape.scale, disks, _profile(map_, shape))


def _profile(map_: LabelMap, shape: Shape) -> Profile:
    z = (np.arange(ROWS) + 0.5) / ROWS * LENGTH
    x = np.linspace(-REACH, REACH, COLUMNS)
    px, py = shape.to_picture(*np.meshgrid(x, z))
    inside = cv2.remap(map_.lv.astype(np.float32), px, py, cv2.INTER_LINEAR) > 0.5
    width = inside.sum(1) * (x[1] - x[0])
    some = inside.any(1)
    middle = np.where(some, (x[inside.argmax(1)] + x[COLUMNS - 1 - inside[:, ::-1].argmax(1)]) / 2, 0.0)
    clear = some & _clear_of_ends(shape)
    q = np.arange(ROWS)
    if clear.any():
        middle = np.interp(q, q[clear], middle[clear])
        width = np.where(q > q[clear][-1], width[clear][-1], width)
    half = gaussian_filter1d(width, SMOOTH_WIDTH * ROWS, mode="nearest") / 2
    offset = gaussian_filter1d(middle, SMOOTH_MIDDLE * ROWS, mode="nearest")
    sides = np.concatenate([np.zeros(ROWS), half, np.full(2 * ROWS, half[-1])]).astype("f4")
    axis = np.concatenate([np.full(ROWS, offset[0]), offset, np.full(2 * ROWS, offset[-1])]).astype("f4")
    return Profile(LENGTH, _cap(map_, shape), _atrium(map_, shape), np.stack([sides, sides]), axis)


def _clear_of_ends(shape: Shape) -> npt.NDArray[np.bool_]:
    """Rows (ROWS,) that lie clear of the apex and of an oblique mitral chord."""
    assert shape.disks.hinges is not None
    chord = np.subtract(*shape.disks.hinges)
    oblique = abs(float(chord @ shape.along)) / 2 * shape.scale / LENGTH
    q = (np.arange(ROWS) + 0.5) / ROWS
    return np.asarray((q > CLEAR) & (q < 1 - CLEAR - min(oblique, 0.4)))


def _cap(map_: LabelMap, shape: Shape) -> float:
    """Thickness in mm of the wall beyond the apex."""
    z = np.arange(-0.25, -4 * CAP, -0.25)
    px, py = shape.to_picture(np.zeros_like(z), z)
    beyond = cv2.remap(map_.classes, px, py, cv2.INTER_NEAREST, borderValue=0).ravel()
    wall = np.flatnonzero(beyond == Label.MYOCARDIUM)
    if not len(wall):
        return CAP
    gap = np.flatnonzero(beyond[wall[0] :] != Label.MYOCARDIUM)
    thickness = float(-z[wall[0] + gap[0] - 1]) if len(gap) else 4 * CAP
    return float(np.clip(thickness, LEAST_CAP, 2.5 * CAP))


def _atrium(map_: LabelMap, shape: Shape) -> float:
    """Length in mm of the left atrium below the annulus; at least `ATRIUM` if the picture cuts it off."""
    atrium = map_.classes == Label.LA
    if not atrium.any():
        return ATRIUM
    _, z = shape.pixels(atrium.shape)
    least = ATRIUM if atrium[-1].any() else LEAST_ATRIUM
    return float(np.clip(z[atrium].max() - LENGTH, least, 2 * ATRIUM))


def _turn(x: npt.NDArray, y: npt.NDArray, first: Floats, second: Floats, scale: float) -> tuple[Array, Array]:
    """Coordinates along two axes, scaled."""
    one, two = (((axis[0] * x + axis[1] * y) * scale).astype(np.float32) for axis in (first, second))
    return one, two
