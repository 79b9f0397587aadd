"""ED and ES of a clip that a learned head has read too: its heats say when, the area says whether and where.

T frames at fps Hz. A heat is a curve (T,) of 0..1, how near the head sees an event. The thresholds were set
on simulated clips of the worlds that the head learned from.
"""

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from echodfkd.beats import Events, detect_events, without_ends
from echodfkd.turns import (
    Curve,
    Turn,
    bridge_lost_frames,
    nominal_fps,
    smoothed,
    without_spikes,
    without_swing,
)

FAINT = 0.2  # a peak below it is none, whatever stands around it
SURE = 0.5  # a peak above it speaks for an event, one below it against
NEAR_S = 0.1  # events of head and area that lie within it are one
END = 2  # frames this near to an end of the clip show half of a peak only
EJECT_S, FILL_S = 0.15, 0.1  # shortest times from ED to ES and from ES to ED, at 150 beats per minute
AROUND_S = 0.08  # how far from the head's ES the smallest area may lie: isovolumic relaxation
PLACE_S = 0.03  # sigma of the area among which ES is the smallest, from 20 frames per second on
LEAST_SWING = 0.15  # of the whole curve's: a beat that moves the area less is none


def detect_events_with_head(area: npt.ArrayLike, ed_heat: Curve, es_heat: Curve, fps: float | None) -> Events:
    """ED and ES where a learned head has read the clip too.

    Of the peaks of both heats the most likely alternating row is taken; how far it reaches at the clip's
    ends, where half of a peak shows, is left to the area. ED stands where the head sees it: a plateau of the
    area does not draw it. ES stands on the smallest area near to where the head sees it: real
    areas go on falling slowly after ejection. Events on the clip's first or last frame count only in half a
    beat, as in `detect_events`. Beats in which the area hardly moves are dropped; where nothing is left,
    events are those of the area alone, as they are where the area shows none.

    Args:
        area: float (T,), LV area or volume in any unit; zeros and NaN count as lost frames.
        ed_heat, es_heat: (T,), how near the head sees ED and ES, 0..1. fps: Hz, None when unknown.

    Raises:
        EchoError: as `detect_events`.
    """
    alone = detect_events(area, fps)
    if not alone.ed:
        return alone
    curve = bridge_lost_frames(np.asarray(area, dtype=np.float64))
    rate = fps or nominal_fps(curve)
    curve = smoothed(without_spikes(curve, rate), PLACE_S * rate)
    row = alternating([*_peaks(ed_heat, True), *_peaks(es_heat, False)], rate)
    turns = _that_swing(_placed(row, curve, rate), LEAST_SWING * float(np.ptp(curve)))
    if len({turn.is_ed for turn in turns}) < 2:
        return alone
    turns = _ends_by_area(turns, alone, {True: ed_heat, False: es_heat}, round(NEAR_S * rate))
    ed, es = (tuple(turn.frame for turn in turns if turn.is_ed is kind) for kind in (True, False))
    return without_ends(Events(ed, es), len(curve)) if ed and es else alone


def alternating(peaks: list[Turn], rate: float) -> list[Turn]:
    """The alternating row of peaks with the greatest sum of values, by dynamic programming.

    A peak that speaks against an event (value below 0) is taken where two sure ones need it between them.

    Args:
        peaks: in any order; values above 0 speak for an event. rate: frames per second.
    """
    peaks = sorted(peaks, key=lambda peak: peak.frame)
    frames, is_ed = np.array([p.frame for p in peaks]), np.array([p.is_ed for p in peaks], bool)
    total = np.array([p.value for p in peaks])  # of the best row that ends with each peak
    before = np.full(len(peaks), -1)
    for k, peak in enumerate(peaks):
        apart = max(1.0, (FILL_S if peak.is_ed else EJECT_S) * rate - 1)  # both are rounded to frames
        free = (is_ed[:k] != peak.is_ed) & (frames[:k] <= peak.frame - apart)
        rows = np.where(free, total[:k], 0.0)
        if len(rows) and rows.max() > 0:
            before[k] = int(rows.argmax())
            total[k] += rows.max()
    row: list[Turn] = []
    k = int(total.argmax()) if len(total) else -1
    while k >= 0:
        row.insert(0, peaks[k])
        k = int(before[k])
    return row


def _peaks(heat: Curve, is_ed: bool) -> list[Turn]:
    """Maxima of a heat, also on the first and last frame, each valued by how far it is above what is sure."""
    found = find_peaks(np.concatenate([[0.0], heat, [0.0]]), height=FAINT)[0] - 1
    return [Turn(int(f), is_ed, float(heat[f] - SURE)) for f in found]


def _placed(row: list[Turn], curve: Curve, rate: float) -> list[Turn]:
    """The same events on their final frames, with the area there as value.

    ES stays between its EDs, and does not move to an end of the clip, where its beat would be incomplete.
    """
    around = max(1, round(AROUND_S * rate))
    turns = []
    for k, turn in enumerate(row):
        frame = turn.frame
        if not turn.is_ed and 0 < frame < len(curve) - 1:
            first = max(frame - around, row[k - 1].frame + 1 if k else 1)
            last = min(frame + around, row[k + 1].frame - 1 if k + 1 < len(row) else len(curve) - 2)
            frame = first + int(np.argmin(curve[first : last + 1]))
        turns.append(Turn(frame, turn.is_ed, float(curve[frame])))
    return turns


def _that_swing(turns: list[Turn], least: float) -> list[Turn]:
    """Turns without the swings that are below `least` or go the wrong way, the worst first."""
    while len(turns) > 1:
        values = np.array([turn.value if turn.is_ed else -turn.value for turn in turns])
        swings = values[1:] + values[:-1]  # ED less ES
        if swings.min() >= least:
            break
        turns = without_swing(turns, int(swings.argmin()))
    return turns


def _ends_by_area(turns: list[Turn], alone: Events, heats: dict[bool, Curve], near: int) -> list[Turn]:
    """Turns less those at the clip's very ends that the area knows nothing of, plus its own events there of
    which the head sees a trace.

    Args:
        heats: of ED (True) and of ES. near: frames within which events of head and area are one.
    """
    kinds = ((True, alone.ed), (False, alone.es))
    others = sorted((Turn(f, is_ed, 0.0) for is_ed, fs in kinds for f in fs), key=lambda turn: turn.frame)
    edge, last = min(near, END), len(heats[True]) - 1
    turns = [
        t for t in turns if edge < t.frame < last - edge or any(_one(t, other, near) for other in others)
    ]
    if not turns:
        return others
    traced = [t for t in others if heats[t.is_ed][max(t.frame - near, 0) : t.frame + near + 1].max() > FAINT]
    before = [t for t in traced if t.frame < turns[0].frame - near][-1:]
    after = [t for t in traced if t.frame > turns[-1].frame + near][:1]
    before = [t for t in before if t.is_ed != turns[0].is_ed]
    return [*before, *turns, *(t for t in after if t.is_ed != turns[-1].is_ed)]


def _one(turn: Turn, other: Turn, near: int) -> bool:
    return turn.is_ed == other.is_ed and abs(turn.frame - other.frame) <= near
