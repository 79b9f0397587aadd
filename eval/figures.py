"""From the scores of clips to figures: each with its definition, its number and a bootstrap interval."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from echodfkd.eval import ef as ef_figures
from echodfkd.eval import events
from echodfkd.eval.bootstrap import interval
from echodfkd.eval.dice import pooled_dice
from echodfkd.eval.score import ClipScore

Scores = Sequence[ClipScore]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: key in metrics.json. title: for people. value: NaN where it is not defined.
        interval: 95% bootstrap interval over clips, None for one clip. n: how many `of` it rests on.
        unit, digits: how to print it. definition: how it was computed.
    """

    name: str
    title: str
    value: float
    interval: tuple[float, float] | None
    n: int
    of: str
    unit: str
    digits: int
    definition: str


@dataclass(frozen=True)
class Metric:
    """How a figure is had from scores: a statistic over clips, and how many things it rests on."""

    name: str
    title: str
    statistic: Callable[[Scores], float]
    count: Callable[[Scores], int]
    of: str
    unit: str
    digits: int
    definition: str

    def figure(self, scores: Scores) -> Figure:
        """The figure of some clips with its interval."""
        bounds = interval(list(scores), self.statistic, n=500) if len(scores) > 1 else None
        value, n = self.statistic(scores), self.count(scores)
        return Figure(
            self.name, self.title, value, bounds, n, self.of, self.unit, self.digits, self.definition
        )


def _frames(scores: Scores) -> int:
    return sum(len(score.dice) for score in scores)


def _event(kind: str, statistic: Callable[[Any], float]) -> Callable[[Scores], float]:
    return lambda scores: statistic([getattr(score, kind) for score in scores])


def _pairs(kind: str) -> Callable[[Scores], int]:
    return lambda scores: sum(len(getattr(score, kind).pairs) for score in scores)


def _timed_pairs(kind: str) -> Callable[[Scores], int]:
    return lambda scores: _pairs(kind)([score for score in scores if score.fps])


def _all_events(kind: str) -> Callable[[Scores], int]:
    def count(scores: Scores) -> int:
        matches = [getattr(score, kind) for score in scores]
        return sum(len(one.pairs) + len(one.misses) + len(one.false) for one in matches)

    return count


def _mean_area_error(scores: Scores) -> float:
    errors = np.concatenate([score.area_error for score in scores])
    return float(errors.mean()) if len(errors) else float("nan")


def _with_ef(scores: Scores) -> int:
    return sum(bool(np.isfinite(score.ef_found) and np.isfinite(score.ef_true)) for score in scores)


def _ef(name: str) -> Callable[[Scores], float]:
    def statistic(scores: Scores) -> float:
        if not _with_ef(scores):
            return float("nan")
        found, true = ([getattr(score, key) for score in scores] for key in ("ef_found", "ef_true"))
        return dict(ef_figures.evaluate(found, true))[name]

    return statistic


def _event_metrics(kind: str) -> Iterator[Metric]:
    title = kind.upper()
    matching = "one-to-one matching within half a cycle"
    yield Metric(
        f"{kind}_error_frames", f"{title} error", _event(kind, events.mean_error_frames), _pairs(kind),
        "events", "frames", 2, f"mean distance of matched {title} frames; {matching}",
    )  # fmt: skip
    yield Metric(
        f"{kind}_error_ms", f"{title} error in time", _event(kind, events.mean_error_ms), _timed_pairs(kind),
        "events", "ms", 0, f"the same in milliseconds; {matching}",
    )  # fmt: skip
    yield Metric(
        f"{kind}_f1", f"{title} F1", _event(kind, events.f1), _all_events(kind), "events", "", 3,
        f"2 matched / (2 matched + missed + false) {title} frames",
    )  # fmt: skip


def _intervals(scores: Scores) -> list[ClipScore]:
    return [score for score in scores if np.isfinite([*score.ef_interval, score.ef_true]).all()]


def _with_interval(scores: Scores) -> int:
    return len(_intervals(scores))


def _coverage(scores: Scores) -> float:
    inside = [s.ef_interval[0] <= s.ef_true <= s.ef_interval[1] for s in _intervals(scores)]
    return float(np.mean(inside)) if inside else np.nan


METRICS: tuple[Metric, ...] = (
    Metric(
        "dice", "Dice per image", lambda s: float(np.concatenate([c.dice for c in s]).mean()), _frames,
        "images", "", 4,
        "mean over images of 2|A and B| / (|A| + |B|) at probability .5; both empty counts 1",
    ),
    Metric(
        "dice_worst_clip", "Dice of the worst clip", lambda s: min(float(c.dice.mean()) for c in s), len,
        "clips", "", 4, "smallest over clips of the clip's mean Dice",
    ),
    Metric(
        "dice_pooled", "Dice pooled", lambda s: pooled_dice(np.concatenate([c.counts for c in s])), _frames,
        "images", "", 4, "over the pixels of all images at once, as EchoNet-Dynamic prints it",
    ),
    Metric(
        "area_error", "Area error", _mean_area_error,
        _frames, "images", "%", 1, "mean over images of |found - reference| / reference LV area",
    ),
    *_event_metrics("ed"),
    *_event_metrics("es"),
    Metric(
        "ef_mae", "EF error", _ef("mae"), _with_ef, "clips", "points", 2,
        "mean absolute error of the EF that `segment` reports: by disks, or by a learned head",
    ),
    Metric("ef_bias", "EF bias", _ef("bias"), _with_ef, "clips", "points", 2, "mean of found - reference EF"),
    Metric(
        "ef_pearson", "EF correlation", _ef("pearson"), _with_ef, "clips", "", 3,
        "Pearson r of found and reference EF",
    ),
    Metric(
        "ef_slope", "EF slope", _ef("slope"), _with_ef, "clips", "", 3,
        "of found against reference EF; below 1 is regression to the mean",
    ),
    Metric(
        "ef_coverage", "EF interval coverage", _coverage, _with_interval, "clips", "", 3,
        "share of the clips whose reference EF lies in the 90% interval that is given with the EF",
    ),
)  # fmt: skip


def figures(scores: Scores) -> Iterator[Figure]:
    """Every figure that these scores define, in the order of `METRICS`."""
    for metric in METRICS:
        figure = metric.figure(scores)
        if np.isfinite(figure.value):
            yield figure
