"""From an LV mask to a volume: the single-plane method of disks.

Points are (x, y) in pixels, x to the right and y down; lengths are in mm. H W = height and width of a frame.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError

Floats = npt.NDArray[np.float64]
Point = tuple[float, float]  # x, y in pixels

DISKS = 20
ROWS_PER_DISK = 6  # samples along the axis within one disk
COLUMNS = 96  # samples across
MIN_PIXELS = 12  # a smaller blob has no shape
MAX_TILT = np.deg2rad(65)  # of the mitral chord's normal from the vertical


@dataclass(frozen=True, eq=False)
class Disks:
    """What the method of disks measured on one mask.

    Without an LV in the mask, volume, length and diameters are 0 and the points None.

    Args:
        volume_ml: volume in ml (in 1000 cubic pixels when the spacing was left at 1).
        length_mm: long axis from the mitral chord's midpoint to the apex.
        diameters_mm: float (20,), from apex to base, each measured across the axis.
        apex, base: ends of the long axis; hinges: ends of the mitral chord, left one first.
    """

    volume_ml: float
    length_mm: float
    diameters_mm: Floats
    apex: Point | None = None
    base: Point | None = None
    hinges: tuple[Point, Point] | None = None


def disk_volume(mask: npt.NDArray, spacing_mm: tuple[float, float] = (1.0, 1.0)) -> Disks:
    """LV volume by the method of disks: 20 from the mitral chord's middle to the farthest contour point.

    Takes the largest component. Of all pairs of hull points, the mitral chord is the one with the largest
    chord times squared height towards the top of the picture (up to 65 degrees off). It is then moved along
    the axis until no area lies beyond it on balance: the length is sub-pixel exact and steady in time.
    Diameters integrate the mask (or the probability) across the axis. Method: Schiller et al., J Am Soc
    Echocardiogr 1989, single plane as in an apical four-chamber view.

    Args:
        mask: (H, W), bool, or float LV probability 0..1; its apex towards the top of the picture.
        spacing_mm: (row, column) pixel spacing in mm.

    Raises:
        EchoError: if the mask is not two-dimensional, neither bool nor float, or a spacing is not positive.
    """
    _check(mask, spacing_mm)
    prob = _largest_component(mask)
    if prob is None:
        return Disks(0.0, 0.0, np.zeros(DISKS))
    scale = np.array([spacing_mm[1], spacing_mm[0]])
    contour = _contour(prob) * scale
    left, right = _mitral_chord(contour)
    middle = (left + right) / 2
    apex = _farthest(contour, middle, within=0.5 * float(scale.max()))
    axis = (apex - middle) / np.linalg.norm(apex - middle)
    apex = apex + axis * _half_pixel(axis, scale)
    heights, widths = _widths(prob, contour, scale, middle, apex)
    base_height, basal = _close_base(heights, widths, left - right, axis)
    diameters = _diameters(heights, basal, base_height)
    length = float(heights[0] - base_height)
    base = middle + axis * base_height
    volume = float(np.pi / 4 * np.sum(diameters**2) * length / DISKS / 1000)
    lift = base - middle
    return Disks(
        volume,
        length,
        diameters,
        _point(apex / scale),
        _point(base / scale),
        (_point((left + lift) / scale), _point((right + lift) / scale)),
    )


def clip_volumes(masks: npt.NDArray, spacing_mm: tuple[float, float] = (1.0, 1.0)) -> Floats:
    """LV volume per frame in ml: masks (T, H, W) as for `disk_volume` -> float (T,), 0 without an LV."""
    return np.array([disk_volume(mask, spacing_mm).volume_ml for mask in masks])


def ejection_fraction(edv: float, esv: float) -> float:
    """EF in percent, 100 (EDV - ESV) / EDV; the volumes in any common unit.

    Raises:
        EchoError: if EDV is not positive or ESV negative.
    """
    if not (edv > 0 and esv >= 0):
        raise EchoError(f"an ejection fraction needs EDV > 0 and ESV >= 0, got {edv:g} and {esv:g}")
    return 100.0 * (edv - esv) / edv


def _check(mask: npt.NDArray, spacing_mm: tuple[float, float]) -> None:
    if mask.ndim != 2 or mask.dtype.kind not in "bf":
        raise EchoError(
            f"an LV mask must be bool or float 0..1 of shape (H, W), got {mask.dtype} {mask.shape}"
        )
    if not all(0 < s < np.inf for s in spacing_mm):
        raise EchoError(f"pixel spacing must be two positive numbers (row, column) in mm, got {spacing_mm}")


def _largest_component(mask: npt.NDArray) -> npt.NDArray[np.float32] | None:
    """Probability (H, W) of the largest blob above .5 and its soft rim, 0 elsewhere; None when too small."""
    certain = (mask >= 0.5).astype(np.uint8)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(certain, connectivity=4)
    if n < 2:
        return None
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    _, _, w, h, area = stats[best]
    if area < MIN_PIXELS or min(w, h) < 3:
        return None
    blob = (labels == best).astype(np.uint8)
    if mask.dtype == np.bool_:
        return blob.astype(np.float32)
    rim = 2 * max(1, round(0.03 * max(w, h))) + 1
    return np.where(cv2.dilate(blob, np.ones((rim, rim), np.uint8)), mask, 0).astype(np.float32)


def _contour(prob: npt.NDArray[np.float32]) -> Floats:
    """Outer contour of prob >= .5 as pixel centres (x, y): (N, 2)."""
    outlines, _ = cv2.findContours((prob >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(outlines, key=len)[:, 0].astype(np.float64)


def _mitral_chord(contour: Floats) -> tuple[Floats, Floats]:
    """Hinge points (left, right) in mm: the hull's pair with the largest chord * height^2 * cos(tilt)."""
    hull = cv2.convexHull(contour.astype(np.float32))[:, 0].astype(np.float64)
    hull = hull[np.argsort(hull[:, 0], kind="stable")]  # left before right
    first, second = np.triu_indices(len(hull), 1)
    chord = hull[second] - hull[first]
    length = np.linalg.norm(chord, axis=1)
    normal = np.stack([chord[:, 1], -chord[:, 0]], 1) / length[:, None]  # towards the top
    height = (normal @ hull.T).max(1) - (normal * hull[first]).sum(1)
    upright = -normal[:, 1]
    score = np.where(upright > np.cos(MAX_TILT), length * height**2 * upright, 0)
    best = int(np.argmax(score))
    return hull[first[best]], hull[second[best]]


def _farthest(contour: Floats, origin: Floats, within: float) -> Floats:
    """The contour point farthest from `origin`; the mean of those `within` mm of it, as pixels make ties."""
    distance = np.linalg.norm(contour - origin, axis=1)
    return contour[distance >= distance.max() - within].mean(0)


def _half_pixel(direction: Floats, scale: Floats) -> float:
    """mm from a border pixel's centre to its outer edge in a direction."""
    return 0.5 * float(np.linalg.norm(direction * scale))


def _widths(
    prob: npt.NDArray[np.float32], contour: Floats, scale: Floats, middle: Floats, apex: Floats
) -> tuple[Floats, Floats]:
    """Heights above the chord (falling from the apex to a third below it) and widths across, all in mm."""
    length = float(np.linalg.norm(apex - middle))
    axis = (apex - middle) / length
    across = np.array([-axis[1], axis[0]])
    heights = np.linspace(length, -length / 3, ROWS_PER_DISK * DISKS * 4 // 3 + 1)
    sides = (contour - middle) @ across
    offsets = np.linspace(sides.min() - 2 * scale.max(), sides.max() + 2 * scale.max(), COLUMNS)
    x, y = (((middle[i] + heights[:, None] * axis[i] + offsets * across[i]) / scale[i]) for i in (0, 1))
    sampled = cv2.remap(prob, x.astype("f4"), y.astype("f4"), cv2.INTER_LINEAR, borderValue=0)
    return heights, sampled.sum(1, dtype=np.float64) * (offsets[1] - offsets[0])


def _close_base(heights: Floats, widths: Floats, chord: Floats, axis: Floats) -> tuple[float, Floats]:
    """Height of the mitral plane and the widths with the basal end squared off.

    The chord may be oblique to the axis and its corners ragged. Below a level `top` that is clear of both,
    the area of the mask is redistributed to a trapezoid from the width at `top` to the chord's width.
    """
    oblique = abs(float(chord @ axis))
    chord_width = max(float(chord @ chord) - oblique**2, 0.0) ** 0.5
    top = int(np.searchsorted(-heights, -min(oblique / 2 + 0.08 * heights[0], heights[0] / 2)))
    step = heights[0] - heights[1]
    area = (widths[top:].sum() - widths[top] / 2) * step
    base = float(heights[top] - 2 * area / (widths[top] + chord_width))
    squared = np.interp(-heights, [-heights[top], -base], [widths[top], chord_width])
    return base, np.where(np.arange(len(heights)) < top, widths, squared)


def _diameters(heights: Floats, widths: Floats, base: float) -> Floats:
    """Mean width in each of 20 equal slabs from the apex to the base: (20,)."""
    edges = np.linspace(heights[0], base, DISKS * ROWS_PER_DISK + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    return np.interp(-centres, -heights, widths).reshape(DISKS, ROWS_PER_DISK).mean(1)


def _point(xy: Floats) -> Point:
    return float(xy[0]), float(xy[1])
