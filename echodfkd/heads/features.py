"""What a head sees of a clip: a row of shape measures for each soft mask, then scale-free curves at 30 Hz.

A row depends on its own frame alone, so a clip can be thinned, cut or streamed after its rows are made.
T frames of S x S pixels, F features, C channels, N steps of the common clock.
"""

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from echodfkd.segmenter import Prob

Rows = npt.NDArray[np.float32]  # (T, F), lengths in units of the side S, areas in S^2
Channels = npt.NDArray[np.float32]  # (C, N)

FEATURES = (
    *("area_soft", "area_30", "area_50", "area_70", "doubt", "length", "volume"),
    *("width_20", "width_40", "width_60", "width_80", "x", "y", "tilt", "whole"),
)
CURVES, STATIC = 16, 8
CHANNELS = CURVES + STATIC
CLOCK_HZ = 30.0
LIMIT = 2.5  # of the channels' values; most lie within 1
MIN_PIXELS = 12  # a smaller blob has no shape
LEVELS = (0.2, 0.4, 0.6, 0.8)  # of the long axis, from the apex
_AT = {name: k for k, name in enumerate(FEATURES)}


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


_GREY = np.arange(256) / 255
_LOOK_UP = np.stack([_GREY, _GREY >= 0.3, _GREY >= 0.5, _GREY >= 0.7, _GREY * (1 - _GREY)]).astype(np.float64)


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


def channels(rows: Rows, fps: float) -> Channels:
    """Curves that a network reads: relative to the clip's own size, on a clock of 30 Hz.

    Frames without an LV are bridged. The last eight channels are constant in time: the clip's shape, its
    swing, its frame rate and its length.

    Args:
        rows: float (T, F) of `frame_features`, T >= 1. fps: frames per second in Hz.

    Returns:
        float32 (24, N), N = T / fps * 30 steps, at least 1.
    """
    bridged = _bridged(rows.astype(np.float64))
    curves = _relative(bridged)
    if fps > CLOCK_HZ:
        curves = gaussian_filter1d(curves, 0.4 * fps / CLOCK_HZ, axis=1, mode="nearest")
    clock = steps(len(rows), fps)
    timed = np.stack([np.interp(clock, np.arange(len(rows)), curve) for curve in curves])
    static = np.repeat(_static(bridged, fps)[:, None], len(clock), 1)
    # what lies far outside must not decide: real masks go astray in ways that no simulated one does
    return (LIMIT * np.tanh(np.concatenate([timed, static]) / LIMIT)).astype(np.float32)


def steps(frames: int, fps: float) -> npt.NDArray[np.float64]:
    """Times of the clock's steps in frames of the clip: float (N,), 0 .. frames - 1."""
    count = int((frames - 1) / fps * CLOCK_HZ + 1e-6) + 1
    return np.asarray(np.arange(count) * fps / CLOCK_HZ, np.float64)


def _bridged(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    seen = np.flatnonzero(rows[:, _AT["volume"]] > 0)
    if not len(seen):
        return np.full_like(rows, 1e-3)
    columns = [np.interp(np.arange(len(rows)), seen, column[seen]) for column in rows.T]
    return np.stack(columns, 1).astype(np.float64)


def _relative(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Curves (16, T) around 0 with a spread near 1."""
    column = {name: rows[:, k] for name, k in _AT.items()}
    sized = ["area_soft", "area_50", "length", "volume", "width_20", "width_40", "width_60", "width_80"]
    tops = [4 * (column[n] / max(float(np.percentile(column[n], 95)), 1e-9) - 0.8) for n in sized]
    area = np.maximum(column["area_50"], 1e-6)
    long = max(float(np.median(column["length"])), 1e-3)
    doubt = column["doubt"] / area
    ratios = [4 * (column["area_30"] / area - 1.1), 4 * (column["area_70"] / area - 0.9)]
    moves = [10 * (column[n] - np.median(column[n])) / long for n in ("x", "y")]
    turns = 5 * (column["tilt"] - np.median(column["tilt"]))
    return np.stack(
        [
            *tops,
            *ratios,
            8 * doubt,
            doubt / max(float(np.median(doubt)), 1e-6) - 1,
            *moves,
            turns,
            4 * (column["whole"] - 1),
        ]
    )


def _static(rows: npt.NDArray[np.float64], fps: float) -> npt.NDArray[np.float64]:
    """What does not change in time (8,): shape and size of the typical mask, swings, rate, length."""
    median = np.maximum(np.median(rows, axis=0), 1e-6)
    get = {name: float(median[k]) for name, k in _AT.items()}
    swings = [_swing(rows[:, _AT[name]]) for name in ("area_50", "volume", "length")]
    shape = [
        get["length"] ** 2 / get["area_50"] - 2,
        2 * (get["width_20"] / get["width_60"] - 0.8),
        2 * (get["width_80"] / get["width_60"] - 1),
    ]
    return np.array([*shape, 4 * swings[0], 3 * swings[1], 6 * swings[2], 10 / fps, np.log(len(rows) / fps)])


def _swing(curve: npt.NDArray[np.float64]) -> float:
    low, high = np.percentile(curve, (5, 95))
    return float(1 - low / max(high, 1e-9))
