"""Two models on the same clips: which is better, and could it be chance?"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.stats import wilcoxon

from echodfkd.errors import EchoError
from echodfkd.eval.bootstrap import interval
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.run import ModelScores

Floats = npt.NDArray[np.float64]

TESTED = (
    "; 95% interval by a bootstrap over clips, both models on the same draw; p by Wilcoxon's signed-rank "
    "test, two-sided, not corrected for the number of pairs"
)


@dataclass(frozen=True)
class Difference:
    """First model less second, over the clips that both have a figure for.

    Attributes:
        metric: key in metrics.json. title: for people. first, second: names of the models. reference: whose.
        value: mean difference per clip. interval: None for one clip. p: 0..1; None for one clip.
        n: clips. unit, digits: how to print it. definition: how it was computed. better: which sign of the
            difference speaks for the first model, +1 or -1.
    """

    metric: str
    title: str
    first: str
    second: str
    reference: str
    value: float
    interval: tuple[float, float] | None
    p: float | None
    n: int
    unit: str
    digits: int
    definition: str
    better: int

    def in_words(self) -> str:
        """Which model is ahead, or that nothing shows it: "tiny better", "no difference shown"."""
        if self.p is None or self.p >= 0.05 or self.value == 0:
            return "no difference shown"
        return f"{self.first if self.value * self.better > 0 else self.second} better"


@dataclass(frozen=True)
class Paired:
    """A figure of single clips on which models are compared, NaN where a clip has none."""

    name: str
    title: str
    of_clip: Callable[[ClipScore], float]
    unit: str
    digits: int
    definition: str
    better: int


def _mean_dice(score: ClipScore) -> float:
    return float(score.dice.mean()) if len(score.dice) else np.nan


PAIRED = (
    Paired(
        "dice", "Dice per clip", _mean_dice, "", 4,
        "mean over clips of the difference in the clip's mean Dice", 1,
    ),
    Paired(
        "ef_error", "EF error", lambda score: abs(score.ef_found - score.ef_true), "points", 2,
        "mean over clips of the difference in |found - reference EF|", -1,
    ),
)  # fmt: skip


def differences(results: Sequence[ModelScores]) -> Iterator[Difference]:
    """Every pair of models against the same reference, for Dice and the EF error where clips have them.

    Raises:
        EchoError: if two models were not judged on the same clips.
    """
    for first, second in combinations(results, 2):
        if first.reference == second.reference:
            yield from _of_pair(first, second)


def _of_pair(first: ModelScores, second: ModelScores) -> Iterator[Difference]:
    if [score.clip for score in first.scores] != [score.clip for score in second.scores]:
        raise EchoError(f"{first.title} and {second.title} were not judged on the same clips")
    for paired in PAIRED:
        sides = [np.array([paired.of_clip(score) for score in one.scores]) for one in (first, second)]
        gaps = (sides[0] - sides[1])[np.isfinite(sides[0] - sides[1])]
        if len(gaps):
            names = (paired.name, paired.title, first.title, second.title, first.reference)
            words = (paired.unit, paired.digits, paired.definition + TESTED, paired.better)
            yield Difference(*names, float(gaps.mean()), interval(gaps), signed_rank(gaps), len(gaps), *words)


def signed_rank(gaps: Floats) -> float | None:
    """Two-sided p of Wilcoxon's signed-rank test of differences (N,): 1 if all are 0, None for one alone.

    Zeros are dropped, as Wilcoxon did (Biometrics Bulletin 1945).
    """
    if len(gaps) < 2:
        return None
    if not gaps.any():
        return 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few clips or ties, where scipy chooses another way to p
        return float(wilcoxon(gaps).pvalue)
