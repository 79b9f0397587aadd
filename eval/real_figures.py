"""What the scores of real clips add up to, each figure with an interval over clips where there are enough."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from echodfkd.eval import ef as ef_figures
from echodfkd.eval.figures import METRICS, Figure, Metric, Scores
from echodfkd.eval.real import RealScore

FEWEST = 3  # clips below which an interval over clips says nothing
_NAMED = {metric.name: metric for metric in METRICS}


def mask_figures(scores: Sequence[RealScore]) -> list[Figure]:
    """Overlap, area and events over the clips that were judged by masks; none without such clips."""
    return list(_figures([score for score in scores if score.has_masks], MASK_METRICS))


def ef_figures_of(scores: Sequence[RealScore]) -> list[Figure]:
    """Agreement with the given EF over the clips that have one; none without such clips."""
    return list(_figures([score for score in scores if score.has_ef], EF_METRICS))


def _figures(scores: Scores, metrics: Sequence[Metric]) -> Iterator[Figure]:
    for metric in metrics if scores else ():
        figure = metric.figure(scores)
        yield figure if len(scores) >= FEWEST else replace(figure, interval=None)


def _mean_of(name: str) -> Callable[[Scores], float]:
    def statistic(scores: Scores) -> float:
        values = np.array([getattr(score, name) for score in scores], dtype=np.float64)
        known = values[np.isfinite(values)]
        return float(known.mean()) if len(known) else np.nan

    return statistic


def _known(name: str) -> Callable[[Scores], int]:
    return lambda scores: sum(bool(np.isfinite(getattr(score, name))) for score in scores)


def _auroc(scores: Scores) -> float:
    known = [score for score in scores if np.isfinite(score.ef_found)]
    found, true = (np.array([getattr(score, key) for score in known]) for key in ("ef_found", "ef_true"))
    return ef_figures.auroc_reduced(found, true) if known else np.nan


def _without_ef(scores: Scores) -> float:
    return float(np.mean([not np.isfinite(score.ef_found) for score in scores]))


MASK_METRICS: tuple[Metric, ...] = (
    Metric(
        "dice_clip", "Dice per clip", lambda s: float(np.mean([c.dice.mean() for c in s])), len, "clips", "",
        4, "mean over clips of the clip's mean Dice over frames",
    ),
    _NAMED["dice_worst_clip"],
    Metric(
        "dice_worst_frame", "Dice of the worst frame", lambda s: float(min(c.dice.min() for c in s)), len,
        "clips", "", 4, "smallest Dice of any frame",
    ),
    Metric(
        "area_correlation", "Area correlation", _mean_of("area_correlation"), _known("area_correlation"),
        "clips", "", 3, "mean over clips of Pearson's r of the two area curves",
    ),
    Metric(
        "area_ratio", "Area ratio", _mean_of("area_ratio"), _known("area_ratio"), "clips", "", 3,
        "mean over clips of mean found / mean reference area",
    ),
    *(_NAMED[f"{kind}_{name}"] for kind in ("ed", "es") for name in ("error_frames", "error_ms", "f1")),
)  # fmt: skip

EF_METRICS: tuple[Metric, ...] = (
    *(_NAMED[f"ef_{name}"] for name in ("pearson", "slope")),
    replace(_NAMED["ef_mae"], definition="mean |EF that `segment` reports - reference EF|"),
    _NAMED["ef_bias"],
    _NAMED["ef_coverage"],
    Metric(
        "ef_auroc", "EF < 50 AUROC", _auroc, _known("ef_found"), "clips", "", 3,
        "area under the ROC curve of a low found EF for a reference EF below 50%, ties count half",
    ),
    Metric(
        "ef_missing", "Share without EF", _without_ef, len, "clips", "", 3,
        "share of the clips for which `segment` reports no EF",
    ),
)  # fmt: skip
