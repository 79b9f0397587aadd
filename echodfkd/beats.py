"""When the heart is full and when it is empty: ED and ES on the curve of the LV's area or volume.

The curve is a time series: T frames at fps Hz. All thresholds were set on synthetic volume curves.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from echodfkd.errors import EchoError
from echodfkd.turns import (
    Curve,
    Turn,
    bridge_lost_frames,
    judge_ends,
    noise_of,
    nominal_fps,
    prune,
    smoothed,
    turning_points,
    without_spikes,
)

MIN_SWING = 0.05  # of the largest value: below it nothing beats (an EF of 10% moves the area by 7%)
MIN_SNR = 5.0  # swing over the noise's standard deviation: white noise alone swings by 3 to 4
MIN_BEAT_S = 0.3  # two ES nearer than this (200 beats per minute) belong to one beat
SMOOTH_S = 0.03  # sigma for finding beats: well below the atrial kick (0.1 s) and ejection (0.3 s)
PLACE_S = 0.02  # sigma for placing an event within its beat, only where there is noise


@dataclass(frozen=True)
class Events:
    """Frames of end-diastole (largest LV) and end-systole (smallest LV), 0-based, ascending, alternating."""

    ed: tuple[int, ...] = ()
    es: tuple[int, ...] = ()


@dataclass(frozen=True)
class Beat:
    """One contraction: an ED and the ES that follows it, 0-based frames.

    `complete` is False when either stands on the clip's first or last frame, where the true
    extremum may lie outside.
    """

    ed: int
    es: int
    complete: bool


def detect_events(area: npt.ArrayLike, fps: float | None) -> Events:
    """Every ED and ES of a clip, from its curve alone (blind: no reference frame, no learned weights).

    Turning points are found by hysteresis and pruned to plausible beats. Where the clip cuts a beat, its end
    counts as ED or ES only if the clip shows no other ED or no other ES (so always in half a beat).
    ED then moves to the last near-maximum before the steepest fall: a diastolic plateau does not draw it.

    Args:
        area: float (T,), LV area or volume in any unit, T >= 1; zeros and NaN count as lost frames.
        fps: frames per second in Hz. None: taken from the curve's rhythm as if it beat 70 times a minute
            (smoothing and the shortest beat are then relative to that rhythm).

    Returns:
        Events, alternating in time. None at all on a constant curve, on noise, or on a single frame.

    Raises:
        EchoError: if the curve is empty or not one-dimensional, or fps is not positive.
    """
    raw = np.asarray(area, dtype=np.float64)
    if raw.ndim != 1 or not len(raw):
        raise EchoError(f"an area curve needs one value per frame, got an array of shape {raw.shape}")
    if fps is not None and not 0 < fps < np.inf:
        raise EchoError(f"fps must be a positive number of frames per second, got {fps}")
    curve = bridge_lost_frames(raw)
    rate = fps or nominal_fps(curve)
    noise = noise_of(curve, rate)
    curve = without_spikes(curve, rate)
    smooth = smoothed(curve, SMOOTH_S * rate)
    if np.ptp(smooth) <= max(MIN_SWING * curve.max(), MIN_SNR * noise):
        return Events()
    turns = prune(turning_points(smooth, 0.3 * float(np.ptp(smooth))), MIN_BEAT_S * rate)
    noisy = noise > 0.005 * np.ptp(smooth)
    placed = _place(smoothed(curve, PLACE_S * rate) if noisy else curve, judge_ends(turns), noise)
    return without_ends(placed, len(curve))


def pair_beats(events: Events, n_frames: int) -> tuple[Beat, ...]:
    """Each ED with the ES that follows it before the next ED.

    A beat whose ED or ES is the clip's first or last frame is not complete: nothing on the other side shows
    that the extremum was reached. So a clip of half a beat has one incomplete beat.
    """
    beats = []
    for k, ed in enumerate(events.ed):
        limit = events.ed[k + 1] if k + 1 < len(events.ed) else n_frames
        es = next((frame for frame in events.es if ed < frame < limit), None)
        if es is not None:
            beats.append(Beat(ed, es, complete=ed > 0 and es < n_frames - 1))
    return tuple(beats)


def filling(events: Events) -> tuple[Beat, ...]:
    """The half beat of a clip that shows filling only: its ES and the ED behind it."""
    if not (events.ed and events.es):
        return ()
    return (Beat(events.ed[0], events.es[0], complete=False),)


def heart_rate_bpm(events: Events, fps: float | None) -> float | None:
    """Beats per minute from the mean ED-ED and ES-ES interval; None without fps or a whole cycle.

    Intervals above 1.5 times the median are left out: they hold a missed beat.
    """
    cycles = np.concatenate([np.diff(events.ed), np.diff(events.es)])
    if not len(cycles) or fps is None:
        return None
    return float(60 * fps / cycles[cycles <= 1.5 * np.median(cycles)].mean())


def echonet_systoles(area: npt.ArrayLike) -> tuple[int, ...]:
    """ES frames by the rule of EchoNet-Dynamic's published code, for parity (Ouyang et al., Nature 2020).

    Its trims are the values at rank len**0.05 and len**0.95 (an exponent where a product was meant), at least
    20 frames lie between systoles, and a systole sticks out by half the distance between the trims.
    Ranks past the end, which crash there on clips of up to 3 frames, are clamped.

    Args:
        area: float (T,), LV area in pixels.
    """
    size = np.asarray(area, dtype=np.float64)
    ranked = np.sort(size)
    low, high = (ranked[min(round(len(size) ** power), len(size) - 1)] for power in (0.05, 0.95))
    return tuple(int(i) for i in find_peaks(-size, distance=20, prominence=0.5 * (high - low))[0])


def without_ends(events: Events, n_frames: int) -> Events:
    """Leave out an event on the first or last frame unless it is needed to see half a beat.

    There the true extremum lies outside the clip more often than not: plateaus after ES and before ED are
    several frames long, and an extremum inside shows by a turn.
    """
    inner = Events(*(tuple(f for f in kind if 0 < f < n_frames - 1) for kind in (events.ed, events.es)))
    return inner if inner.ed and inner.es else events


def _place(curve: Curve, turns: list[Turn], noise: float) -> Events:
    """Put each event on its final frame: ES on the minimum of its beat, ED by `_last_maximum`."""
    ed: list[int] = []
    es: list[int] = []
    for k, turn in enumerate(turns):
        before = turns[k - 1].frame if k else 0
        after = turns[k + 1].frame if k + 1 < len(turns) else len(curve) - 1
        if turn.is_ed:
            ed.append(before + _last_maximum(curve[before : after + 1], turn.frame - before, noise))
        else:
            es.append(before + int(np.argmin(curve[before : after + 1])))
    return Events(tuple(ed), tuple(es))


def _last_maximum(curve: Curve, peak: int, noise: float) -> int:
    """Last frame within the noise of the maximum, before the steepest fall that follows `peak`."""
    if peak >= len(curve) - 2:
        return peak
    steepest = peak + int(np.argmin(np.diff(curve[peak:])))
    top = curve[: steepest + 1].max()
    margin = max(0.25 * noise, 0.005 * (top - curve[-1]))
    return int(np.flatnonzero(curve[: steepest + 1] >= top - margin)[-1])
