"""What a head's network reads: scale-free curves of a clip on a clock of 30 Hz.

T frames, F features, C channels, N steps of the clock.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from echodfkd.heads.features import FEATURES, Rows
from echodfkd.turns import Curve

Channels = npt.NDArray[np.float32]  # (C, N)

CURVES, STATIC = 16, 8
CHANNELS = CURVES + STATIC
CLOCK_HZ = 30.0
LIMIT = 2.5  # of the channels' values; most lie within 1
_AT = {name: k for k, name in enumerate(FEATURES)}


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


def on_frames(curve: Curve, frames: int, fps: float) -> Curve:
    """A curve on the clock (N,), of how near an event is, on the clip's frames (T,).

    Where the clock is the faster one, a frame has the largest value of the steps nearest to it: an event
    between two frames is not lost.
    """
    clock, at = steps(frames, fps), np.arange(frames)
    timed = np.interp(at, clock, curve)
    if fps < CLOCK_HZ:
        np.maximum.at(timed, np.round(clock).astype(int), curve)
    return timed


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
    doubts = [8 * doubt, doubt / max(float(np.median(doubt)), 1e-6) - 1]
    return np.stack([*tops, *ratios, *doubts, *moves, turns, 4 * (column["whole"] - 1)])


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
