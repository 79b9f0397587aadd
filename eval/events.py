"""How well ED and ES frames were found: one-to-one matching, errors, misses, false beats."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from echodfkd.beats import Events
from echodfkd.errors import EchoError

Pair = tuple[int, int]  # found frame, true frame
MATCHING = (
    "one-to-one matching within half a cycle (half the way from ED to ES where there is no whole cycle)"
)


@dataclass(frozen=True)
class Matches:
    """Found and true frames of one kind in one clip: pairs (found, true), missed true, false found.

    `fps` turns frames into time; None when unknown.
    """

    pairs: tuple[Pair, ...]
    misses: tuple[int, ...]
    false: tuple[int, ...]
    fps: float | None = None


def match_events(
    found: Sequence[int], true: Sequence[int], tolerance_frames: float, fps: float | None = None
) -> Matches:
    """Pair found with true frames one to one: as many pairs as possible, then the least total distance.

    Args:
        found, true: 0-based frames, any order.
        tolerance_frames: the farthest a pair may lie apart, inclusive; half a cycle by the protocol, see
            `half_cycle`. Infinity pairs all that can be paired.

    Raises:
        EchoError: if the tolerance is negative or not a number.
    """
    if not tolerance_frames >= 0:
        raise EchoError(f"the tolerance must be 0 frames or more, got {tolerance_frames}")
    distance = np.abs(np.subtract.outer(np.asarray(found, float), np.asarray(true, float)))
    near = distance <= tolerance_frames
    forbidden = 1.0 + distance.sum()  # dearer than all pairs together
    rows, columns = linear_sum_assignment(np.where(near, distance, forbidden))
    pairs = tuple((int(found[i]), int(true[j])) for i, j in zip(rows, columns, strict=True) if near[i, j])
    used_found = {i for i, j in zip(rows, columns, strict=True) if near[i, j]}
    used_true = {j for i, j in zip(rows, columns, strict=True) if near[i, j]}
    misses = tuple(int(frame) for j, frame in enumerate(true) if j not in used_true)
    false = tuple(int(frame) for i, frame in enumerate(found) if i not in used_found)
    return Matches(pairs, misses, false, fps)


def half_cycle(*events: Events) -> float:
    """How far apart a found and a true frame may lie: half a cycle in frames, inclusive.

    Half the median cycle of the first `Events` that holds a whole one. Where none does, as in a clip of half
    a beat, half of the shortest way from an ED to an ES of the first that has both: a frame nearer to the
    other kind of event than to its own is no match. Infinity where no `Events` has an ED and an ES.

    Give the true events first and the found ones as a fallback: people often mark one beat only.

    >>> half_cycle(Events((10, 60), (30,))), half_cycle(Events((0,), (14,)))
    (25.0, 7.0)
    """
    for one in events:
        cycles = np.concatenate([np.diff(one.ed), np.diff(one.es)])
        if len(cycles):
            return float(np.median(cycles) / 2)
    for one in events:
        if one.ed and one.es:
            return float(np.abs(np.subtract.outer(one.ed, one.es)).min() / 2)
    return float("inf")


def match_clip(
    found: Events, true: Events, fps: float | None = None, one_beat_marked: bool = False
) -> tuple[Matches, Matches]:
    """Matches of ED and of ES in one clip, within `half_cycle`.

    Args:
        one_beat_marked: people marked only one of several beats: found frames elsewhere are not false.
    """
    tolerance = half_cycle(true, found)
    ed = match_events(found.ed, true.ed, tolerance, fps)
    es = match_events(found.es, true.es, tolerance, fps)
    if one_beat_marked:
        return Matches(ed.pairs, ed.misses, (), fps), Matches(es.pairs, es.misses, (), fps)
    return ed, es


def mean_error_frames(matches: Sequence[Matches]) -> float:
    """Mean |found - true| of all pairs in frames; NaN without a pair."""
    errors = [abs(found - true) for one in matches for found, true in one.pairs]
    return float(np.mean(errors)) if errors else np.nan


def mean_error_ms(matches: Sequence[Matches]) -> float:
    """Mean |found - true| in ms of all pairs in clips of known frame rate; NaN without one."""
    errors = [1000 * abs(found - true) / one.fps for one in matches if one.fps for found, true in one.pairs]
    return float(np.mean(errors)) if errors else np.nan


def f1(matches: Sequence[Matches]) -> float:
    """2 pairs / (2 pairs + misses + false), 0..1; NaN where nothing was found and nothing is true."""
    pairs, odd = (
        sum(len(one.pairs) for one in matches),
        sum(len(one.misses) + len(one.false) for one in matches),
    )
    return 2 * pairs / (2 * pairs + odd) if pairs + odd else np.nan


def evaluate(matches: Sequence[Matches], kind: str) -> Iterator[tuple[str, float]]:
    """Figures pooled over the clips' events: errors of the matched, `f1`, counts; names begin with `kind`.

    Args:
        matches: one per clip, all of one kind. kind: "ed" or "es".
    """
    yield f"{kind}_error_frames", mean_error_frames(matches)
    yield f"{kind}_error_ms", mean_error_ms(matches)
    yield f"{kind}_f1", f1(matches)
    yield f"{kind}_matched", float(sum(len(one.pairs) for one in matches))
    yield f"{kind}_missed", float(sum(len(one.misses) for one in matches))
    yield f"{kind}_false", float(sum(len(one.false) for one in matches))
