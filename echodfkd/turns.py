"""From an area curve to its turning points: lost frames, noise, hysteresis, pruning.

The curve is a time series: T frames at fps Hz. All thresholds were set on synthetic volume curves.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, median_filter

Curve = npt.NDArray[np.float64]  # (T,)

END_LEVEL = 0.1  # of the swing: how near to its neighbour's level an extremum at the clip's end must come
END_TIME = 0.85  # of the usual time from ES to ED: an ED at the clip's end must come this late
DENSE_FPS = 20.0  # below it neighbouring frames differ by motion, not by noise


@dataclass(frozen=True)
class Turn:
    """An extremum of a curve: its frame, whether the LV is full there (else empty), and the value."""

    frame: int
    is_ed: bool
    value: float


def nominal_fps(area: npt.ArrayLike) -> float:
    """Frame rate at which the curve's own rhythm is 70 beats per minute; 25 Hz when it shows none.

    Args:
        area: float (T,), LV area or volume in any unit; zeros and NaN count as lost frames.
    """
    curve = bridge_lost_frames(np.asarray(area, dtype=np.float64))
    es = [turn.frame for turn in turning_points(curve, 0.4 * float(np.ptp(curve))) if not turn.is_ed]
    return float(np.median(np.diff(es)) * 70 / 60) if len(es) > 2 else 25.0


def bridge_lost_frames(raw: Curve) -> Curve:
    """Interpolate linearly over frames without any LV (zero or not finite)."""
    seen = np.isfinite(raw) & (raw > 0)
    frames = np.arange(len(raw))
    return np.interp(frames, frames[seen], raw[seen]) if seen.any() else np.zeros_like(raw)


def without_spikes(curve: Curve, fps: float) -> Curve:
    """Replace outliers of one or two frames by the running median; needs many frames per systole."""
    if fps < DENSE_FPS or len(curve) < 7:
        return curve
    median = median_filter(curve, size=max(5, 2 * round(0.05 * fps) + 1), mode="nearest")
    return np.where(np.abs(curve - median) > 0.25 * np.ptp(median), median, curve)


def smoothed(curve: Curve, sigma: float) -> Curve:
    """The curve after a Gaussian of `sigma` frames; below half a frame nothing is done."""
    return gaussian_filter1d(curve, sigma, mode="nearest") if sigma > 0.5 else curve


def noise_of(curve: Curve, fps: float) -> float:
    """Standard deviation of the white noise, from third differences (20 times its variance)."""
    if fps < DENSE_FPS or len(curve) < 8:
        return 0.0
    return float(np.median(np.abs(np.diff(curve, 3))) / 0.6745 / np.sqrt(20))


def turning_points(curve: Curve, threshold: float) -> list[Turn]:
    """Alternating maxima and minima, each left by more than `threshold`; the last one is still pending."""
    turns: list[Turn] = []
    high = low = 0
    rising: bool | None = None
    for i, value in enumerate(curve):
        high = i if value > curve[high] else high
        low = i if value < curve[low] else low
        if rising is not False and curve[high] - value > threshold:
            turns.append(Turn(high, True, float(curve[high])))
            rising, low = False, i
        elif rising is not True and value - curve[low] > threshold:
            turns.append(Turn(low, False, float(curve[low])))
            rising, high = True, i
    if rising is not None:
        last = high if rising else low
        turns.append(Turn(last, rising, float(curve[last])))
    return turns


def prune(turns: list[Turn], min_beat: float) -> list[Turn]:
    """Drop what is no beat: swings far below the usual one, and cycles shorter than `min_beat` frames."""
    while len(turns) > 3:
        swings = np.abs(np.diff([turn.value for turn in turns]))
        cycles = np.array([after.frame - turn.frame for turn, after in zip(turns, turns[2:], strict=False)])
        worst = int(np.argmin(swings))
        if swings[worst] >= 0.45 * np.median(swings):
            if cycles.min() >= min_beat:
                break
            worst = int(cycles.argmin())
            worst += int(swings[worst] > swings[worst + 1])
        turns = without_swing(turns, worst)
    return turns


def without_swing(turns: list[Turn], k: int) -> list[Turn]:
    """Turns without the swing from k to k + 1; an inner one takes both turns: ED and ES still alternate."""
    if k == 0:
        return turns[1:]
    return turns[:-1] if k == len(turns) - 2 else turns[:k] + turns[k + 2 :]


def judge_ends(turns: list[Turn]) -> list[Turn]:
    """Drop the first or last turn where the clip cuts it short of the level that its neighbour reaches."""
    if len(turns) < 3:
        return turns
    margin = END_LEVEL * float(np.median(np.abs(np.diff([turn.value for turn in turns]))))
    keep_first = _reaches(turns[0], turns[2], margin)
    keep_last = _reaches(turns[-1], turns[-3], margin)
    fillings = [after.frame - turn.frame for turn, after in pairwise(turns[:-1]) if after.is_ed]
    if turns[-1].is_ed and fillings:  # the plateau of diastasis can be as high as ED, but comes earlier
        late = turns[-1].frame - turns[-2].frame >= END_TIME * float(np.median(fillings))
        keep_last = keep_last and late
    return turns[0 if keep_first else 1 : len(turns) if keep_last else -1]


def _reaches(turn: Turn, other: Turn, margin: float) -> bool:
    beyond = turn.value - other.value if turn.is_ed else other.value - turn.value
    return beyond > -margin
