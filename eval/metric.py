"""What a figure is, and how it is had from the scores of clips."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.eval.bootstrap import interval
from echodfkd.eval.clip_score import ClipScore

Scores = Sequence[ClipScore]
Floats = npt.NDArray[np.float64]
DRAWS = 500  # of the bootstrap


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: key in metrics.json. title: for people. value: NaN where it is not defined.
        interval: 95% bootstrap interval over clips, None for one clip. n: how many `of` it rests on.
        unit, digits: how to print it. definition: how it was computed.
        detail: one of the many that stand behind the few that people look at first.
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
    detail: bool = False

    def entry(self) -> dict[str, Any]:
        """The figure in a JSON file."""
        words = {"n": self.n, "of": self.of, "unit": self.unit, "definition": self.definition}
        return {"value": round(self.value, 5), "interval_95": rounded(self.interval), **words}

    def line(self) -> str:
        """ "Dice per image: 0.9012  [0.89, 0.91]"."""
        bounds = "" if self.interval is None else " [{:.4g}, {:.4g}]".format(*self.interval)
        return f"{self.title}: {self.value:.{self.digits}f} {self.unit}{bounds}"


def rounded(interval: tuple[float, float] | None) -> list[float] | None:
    """An interval in a JSON file."""
    return None if interval is None else [round(bound, 5) for bound in interval]


@dataclass(frozen=True)
class Metric:
    """How a figure is had from scores: a statistic over clips, and how many things it rests on.

    Attributes:
        statistic: of `units`. units: one entry per clip, in the form that the statistic wants (the scores
            themselves by default; an array where one is enough, so that redrawing clips is quick).
        count: how many `of` the scores hold. The other attributes: as of `Figure`.
    """

    name: str
    title: str
    statistic: Callable[[Any], float]
    count: Callable[[Scores], int]
    of: str
    unit: str
    digits: int
    definition: str
    units: Callable[[Scores], Any] = list
    detail: bool = False

    def value(self, scores: Scores) -> float:
        """The figure of some clips without its interval."""
        return self.statistic(self.units(scores))

    def figure(self, scores: Scores) -> Figure:
        """The figure of some clips with its interval."""
        units = self.units(scores)
        bounds = interval(units, self.statistic, n=DRAWS) if len(scores) > 1 else None
        value, n = self.statistic(units), self.count(scores)
        words = (self.of, self.unit, self.digits, self.definition, self.detail)
        return Figure(self.name, self.title, value, bounds, n, *words)


def ratio(sums: Floats) -> float:
    """Sum of the first over sum of the second column of (N, 2), one row per clip; NaN over nothing."""
    top, bottom = sums.sum(0)
    return float(top / bottom) if bottom else np.nan


def mean_of(values: Callable[[ClipScore], npt.ArrayLike]) -> Callable[[Scores], Floats]:
    """Units for `ratio`: sum and number of each clip's finite values, so that their mean is over all."""

    def sums(scores: Scores) -> Floats:
        return np.array([_sum_and_number(values(score)) for score in scores], np.float64).reshape(-1, 2)

    return sums


def number_of(values: Callable[[ClipScore], npt.ArrayLike]) -> Callable[[Scores], int]:
    """How many finite values the clips hold."""
    return lambda scores: int(mean_of(values)(scores)[:, 1].sum())


def _sum_and_number(values: npt.ArrayLike) -> tuple[float, int]:
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    known = array[np.isfinite(array)]
    return float(known.sum()), len(known)


def defined(metrics: Sequence[Metric], scores: Scores) -> Iterator[Figure]:
    """Figures of the metrics that these scores define, in their order."""
    for metric in metrics:
        figure = metric.figure(scores)
        if np.isfinite(figure.value):
            yield figure
