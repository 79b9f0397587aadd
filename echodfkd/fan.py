"""Where the ultrasound fan is in a screen capture: away from text, menus, rulers and the ECG.

The fan is the one large, textured, (usually) moving thing: temporal extrema, morphology, largest
component, convex hull.
"""

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Frames

_MEDIAN = 0.01  # of the shorter side: a median, unlike a blur, leaves no halo round text and traces
_PER_LEVEL = 16  # steps of a grey level in which motion is counted
_LIT = 3.0
_MOVING = 0.5
# Of the shorter side: strokes of text and traces, gaps in dark tissue to bridge, what text may clot to.
_STROKE, _CLOSE, _OPEN = 0.012, 0.05, 0.06
_SMALLEST = 0.02  # of the frame: less is no fan
_HALF_ANGLES = range(55, 24, -1)  # degrees between the axis and a side of a cardiac fan
_CONTACT, _TOUCH = 0.25, 0.015  # of the hull's height: length of a straight side, tolerance across it
_FULL = 0.8  # share of the fitted fan: a hull that fills it needs no completion
_BRIGHT, _CLUTTER = 40.0, 0.005  # grey level of text, share of such pixels
_TAPER, _TIP, _TIP_SHARE = 0.2, 0.36, 0.12  # of the largest width (twice), of the height


def upside_down(fan: BoolMask) -> bool:
    """Whether a fan, bool (H, W), has its apex below: its lower third is the narrower one, and ends in a tip.

    A fan that is cut off above its arc tapers downwards too, but blunt.
    """
    width = fan.sum(axis=1)
    width = width[width > 0] / max(width.max(), 1)
    third, tip = max(1, len(width) // 3), max(1, round(_TIP_SHARE * len(width)))
    if not len(width):
        return False
    return bool(width[:third].mean() - width[-third:].mean() > _TAPER and width[-tip:].mean() < _TIP)


def find_fan(frames: Frames) -> BoolMask | None:
    """The convex hull of the fan, bool (H, W), from sampled frames uint8 (N, H, W); None when there is none.

    A static clip (or a single frame) is judged by brightness alone.
    """
    brightest = _smooth(frames.max(axis=0))
    lit = brightest > _LIT
    motion = np.where(lit, _smooth(_wobble(frames)) / _PER_LEVEL, 0)
    moving = motion > _MOVING
    evidence = lit if moving.mean() < _SMALLEST else moving
    blob = _largest(_solid(evidence), weight=motion + brightest * 1e-3)
    if blob is None or blob.mean() < _SMALLEST:
        return None
    hull = _hull(blob)
    fan = _complete(hull[::-1])[::-1] if upside_down(hull) else _complete(hull)
    # Flanks without an echo are black; where something stands (text, a ruler), the display cut the fan off.
    added = fan & ~hull
    cluttered = added.any() and (brightest[added] > _BRIGHT).mean() > _CLUTTER
    return hull if cluttered else fan | hull


def _wobble(frames: Frames) -> npt.NDArray[np.uint8]:
    """Standard deviation over time in 1/16 grey levels, (H, W); by rows, since NumPy makes floats of all."""
    rows = [np.clip(row.std(axis=0) * _PER_LEVEL, 0, 255).astype(np.uint8) for row in frames.swapaxes(0, 1)]
    return np.stack(rows)


def _complete(hull: BoolMask) -> BoolMask:
    """The symmetric fan that the upper sides of a hull belong to; the hull itself when it has none.

    Both straight sides are lines that support the hull; at the fan's own angle they touch it longest.
    """
    y, x = np.nonzero(hull)
    points = np.stack([x, y], axis=1).astype(np.float64)
    fits = [(_side(points, np.deg2rad(a), -1.0), _side(points, np.deg2rad(a), 1.0)) for a in _HALF_ANGLES]
    contacts = [min(left[1], right[1]) for left, right in fits]
    best = int(np.argmax(contacts))
    if contacts[best] < _CONTACT * (np.ptp(y) + 1):
        return hull
    left, right = fits[best]
    fan = _sector(points, hull.shape, np.deg2rad(_HALF_ANGLES[best]), left[0], right[0])
    return hull if hull.sum() > _FULL * fan.sum() else fan


def _side(points: npt.NDArray[np.float64], half: float, sign: float) -> tuple[float, float]:
    """Offset of the line that bounds points (n, 2) at the angle `half` from the vertical, contact length."""
    along = np.array([sign * np.sin(half), np.cos(half)])
    depth = points @ np.array([sign * np.cos(half), -np.sin(half)])
    near = depth > depth.max() - max(1.0, _TOUCH * np.ptp(points[:, 1]))
    return float(depth.max()), float(np.ptp(points[near] @ along))


def _sector(
    points: npt.NDArray[np.float64], shape: tuple[int, ...], half: float, left: float, right: float
) -> BoolMask:
    """Pixels between both sides, and not deeper than the points around the axis."""
    apex = np.array([(right - left) / (2 * np.cos(half)), -(right + left) / (2 * np.sin(half))])
    rays = points - apex
    central = np.abs(rays[:, 0]) < np.tan(half / 2) * rays[:, 1]
    radius = np.linalg.norm(rays[central], axis=1).max(initial=0)
    y, x = np.indices(shape)
    across, down = x - apex[0], y - apex[1]
    inside = np.abs(across) * np.cos(half) <= down * np.sin(half) + 0.5
    return inside & (np.hypot(across, down) <= radius) & (y >= points[:, 1].min())


def _solid(mask: BoolMask) -> BoolMask:
    """Gaps closed, thin things removed before (lest they be bridged to the fan) and after."""
    side = min(mask.shape)
    thick = cv2.morphologyEx(_padded(mask, side), cv2.MORPH_OPEN, _disk(_STROKE * side))
    closed = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, _disk(_CLOSE * side))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, _disk(_OPEN * side))
    return opened[side:-side, side:-side] > 0


def _smooth(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    size = 2 * round(_MEDIAN * min(image.shape) / 2) + 1
    return cv2.medianBlur(image, size).astype(np.uint8, copy=False)


def _padded(mask: BoolMask, by: int) -> npt.NDArray[np.uint8]:
    """Zeros all round, so that the border of the frame is no border of the morphology."""
    return np.pad(mask.astype(np.uint8), by)


def _disk(diameter: float) -> npt.NDArray[np.uint8]:
    size = 2 * round(diameter / 2) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(np.uint8)


def _largest(mask: BoolMask, weight: npt.NDArray[np.float64]) -> BoolMask | None:
    """The connected component with the largest sum of `weight`."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8))
    if count < 2:
        return None
    sums = np.bincount(labels.ravel(), weights=weight.ravel(), minlength=count)
    return labels == 1 + int(np.argmax(sums[1:]))


def _hull(mask: BoolMask) -> BoolMask:
    points = cv2.findNonZero(mask.astype(np.uint8))
    hull = cv2.convexHull(points)
    return cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), hull, 1) > 0
