"""What a head is given of a clip: a row of shape measures for each soft mask.

A row depends on its own frame alone, so a clip can be thinned, cut or streamed after its rows are made.
T frames of S x S pixels, F features.
"""

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.segmenter import Prob

Rows = npt.NDArray[np.float32]  # (T, F), lengths in units of the side S, areas in S^2

FEATURES = (
    *("area_soft", "area_30", "area_50", "area_70", "doubt", "length", "volume"),
    *("width_20", "width_40", "width_60", "width_80", "x", "y", "tilt", "whole"),
)
MIN_PIXELS = 12  # a smaller blob has no shape
LEVELS = (0.2, 0.4, 0.6, 0.8)  # of the long axis, from the apex
_GREY = np.arange(256) / 255
_LOOK_UP = np.stack([_GREY, _GREY >= 0.3, _GREY >= 0.5, _GREY >= 0.7, _GREY * (1 - _GREY)]).astype(np.float64)


def frame_features(prob: Prob) -> Rows:
    """Shape measures of soft masks, each frame by itself.

    Areas at three thresholds and of the probability itself; doubt: sum of p (1 - p); long axis by second
    moments of the largest piece, with its length, four widths across it and the volume of a body of
    revolution; centroid; tilt in radians from the vertical; whole: the largest piece's share of the mask.

    Args:
        prob: uint8 (T, S, S), 255 = certain, square pixels.

    Returns:
        float32 (T, 15), see `FEATURES`; shape measures are 0 in a frame without an LV.
    """
    side = prob.shape[-1]
    areas = np.array([_areas(frame) for frame in prob]) / side**2
    profiles, places = zip(*(_straightened(frame) for frame in prob), strict=True)
    return np.concatenate([areas, _shapes(np.stack(profiles)), np.stack(places)], 1).astype(np.float32)


def _areas(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Soft area, areas above .3, .5 and .7, and doubt, in pixels: (5,). The histogram knows them all."""
    return _LOOK_UP @ np.bincount(frame.ravel(), minlength=256)


def _straightened(frame: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], list[float]]:
    """Widths (S,) of the largest piece across its long axis, apex first, in sides; x, y, tilt, whole."""
    side = len(frame)
    certain = (frame >= 128).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(certain, connectivity=4)
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if count > 1 else 0
    if not best or stats[best, cv2.CC_STAT_AREA] < MIN_PIXELS:
        return np.zeros(side, np.float32), [0.0, 0.0, 0.0, 0.0]
    piece = (labels == best).astype(np.uint8)
    moments = cv2.moments(piece, binaryImage=True)
    tilt = 0.5 * float(np.arctan2(2 * moments["mu11"], moments["mu02"] - moments["mu20"]))
    x, y = (float(value) for value in centres[best])
    rim = cv2.dilate(piece, np.ones((5, 5), np.uint8))
    turn = cv2.getRotationMatrix2D((x, y), -float(np.degrees(tilt)), 1.0)
    turn[:, 2] += np.array([(side - 1) / 2 - x, (side - 1) / 2 - y])
    upright = cv2.warpAffine(frame * rim, turn, (side, side), flags=cv2.INTER_LINEAR)
    whole = float(stats[best, cv2.CC_STAT_AREA] / certain.sum())
    widths = cv2.reduce(upright, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[:, 0] / (255 * side)
    return np.asarray(widths, np.float32), [x / side, y / side, tilt, whole]


def _shapes(widths: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Length, volume and the widths at `LEVELS` of profiles (T, S): float (T, 6)."""
    frames, side = widths.shape
    widest = np.maximum(widths.max(1, keepdims=True), 1e-9)
    inside = np.minimum(widths / (0.2 * widest), 1)  # the ends count in part: the length moves smoothly
    length = inside.sum(1) / side * (widths.max(1) > 0)
    volume = np.pi / 4 * (widths.astype(np.float64) ** 2).sum(1) / side
    top = np.argmax(inside >= 0.5, axis=1)
    at = top[:, None] + length[:, None] * side * np.array(LEVELS)
    low = np.clip(at.astype(int), 0, side - 2)
    part = at - low
    rows = np.arange(frames)[:, None]
    across = widths[rows, low] * (1 - part) + widths[rows, low + 1] * part
    return np.column_stack([length, volume, across])
