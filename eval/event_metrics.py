"""Figures of ED and ES: found blind, and guided by the reference (aFD)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from echodfkd.eval import events
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.events import MATCHING, Matches
from echodfkd.eval.metric import Metric, Scores, mean_of, number_of, ratio

Pick = Callable[[ClipScore], Matches | None]


def event_metrics(kind: str) -> Iterator[Metric]:
    """Figures of the events of one kind, "ed" or "es"."""
    yield from _blind(kind, kind.upper(), lambda score: getattr(score, kind), "found blind")
    yield from _guided(kind)
    if kind == "es":
        how = "found by EchoNet-Dynamic's published systole detector"
        yield from _blind("es_echonet", "ES (EchoNet's detector)", lambda score: score.es_echonet, how)


def _blind(name: str, title: str, pick: Pick, how: str) -> Iterator[Metric]:
    pairs, parity = _number(pick, pairs=1), name == "es_echonet"
    event = title.split()[0]
    yield Metric(
        f"{name}_error_frames", f"{title} error", _pooled(events.mean_error_frames), pairs, "events",
        "frames", 2, f"mean distance of matched {event} frames, {how}; {MATCHING}", _matches(pick), parity,
    )  # fmt: skip
    yield Metric(
        f"{name}_error_ms", f"{title} error in time", _pooled(events.mean_error_ms),
        lambda scores: pairs([score for score in scores if score.fps]), "events", "ms", 0,
        f"the same in milliseconds; {MATCHING}", _matches(pick), parity,
    )  # fmt: skip
    yield Metric(
        f"{name}_f1", f"{title} F1", _pooled(events.f1), _number(pick, 1, 1, 1), "events", "", 3,
        f"2 matched / (2 matched + missed + false) {event} frames, {how}", _matches(pick), parity,
    )  # fmt: skip
    yield Metric(
        f"{name}_missed", f"{title} missed", _pooled(_misses), _number(pick, pairs=1, misses=1),
        "events of the reference", "", 0, f"{event} frames of the reference without a match", _matches(pick),
        detail=True,
    )  # fmt: skip
    yield Metric(
        f"{name}_false", f"{title} false", _pooled(_false), _number(pick, pairs=1, false=1), "events found",
        "", 0, f"{event} frames found without a match; none are counted where only one beat was marked",
        _matches(pick), detail=True,
    )  # fmt: skip


def _guided(kind: str) -> Iterator[Metric]:
    title = f"{kind.upper()} aFD, guided by the reference"

    def frames(score: ClipScore) -> Any:
        return getattr(score, f"afd_{kind}")

    def ms(score: ClipScore) -> Any:
        return 1000 * frames(score) / score.fps if score.fps else []

    yield Metric(
        f"afd_{kind}", title, ratio, number_of(frames), "reference frames", "frames", 2,
        "EchoDFKD's average frame distance: the reference frame chooses which run of frames holds the "
        "extremum of the area above 25 of 255, so it is smaller than a blind error; clips of "
        "constant area are left out", mean_of(frames),
    )  # fmt: skip
    yield Metric(
        f"afd_{kind}_ms", f"{title}, in time", ratio, number_of(ms), "reference frames", "ms", 0,
        "the same in milliseconds", mean_of(ms), detail=True,
    )  # fmt: skip


def _matches(pick: Pick) -> Callable[[Scores], list[Matches | None]]:
    return lambda scores: [pick(score) for score in scores]


def _pooled(statistic: Callable[[Any], float]) -> Callable[[Sequence[Matches | None]], float]:
    """The statistic of the clips that were looked at; NaN of none."""

    def pooled(matches: Sequence[Matches | None]) -> float:
        known = [one for one in matches if one is not None]
        return statistic(known) if known else float("nan")

    return pooled


def _misses(matches: Sequence[Matches]) -> float:
    """How many of the reference's events have no match; NaN if it has none."""
    missed, matched = sum(len(one.misses) for one in matches), sum(len(one.pairs) for one in matches)
    return float(missed) if missed + matched else float("nan")


def _false(matches: Sequence[Matches]) -> float:
    """How many of the events found have no match; NaN if none was found."""
    false, matched = sum(len(one.false) for one in matches), sum(len(one.pairs) for one in matches)
    return float(false) if false + matched else float("nan")


def _number(pick: Pick, pairs: int = 0, misses: int = 0, false: int = 0) -> Callable[[Scores], int]:
    """How many events, counting the kinds that are not 0."""

    def number(scores: Scores) -> int:
        known = [one for one in map(pick, scores) if one is not None]
        return sum(pairs * len(o.pairs) + misses * len(o.misses) + false * len(o.false) for o in known)

    return number
