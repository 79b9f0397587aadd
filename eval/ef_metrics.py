"""Figures of the ejection fraction: per clip, and per beat."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.ef import STATISTICS
from echodfkd.eval.metric import Floats, Metric, Scores

WORDS = {  # name of `ef.STATISTICS` -> title, unit, digits, definition, detail
    "mae": ("error", "points", 2, "mean absolute error of {}", False),
    "rmse": ("RMSE", "points", 2, "root of the mean squared error of {}", True),
    "bias": ("bias", "points", 2, "Bland-Altman bias: mean of found - reference, of {}", False),
    "loa_low": ("lower limit of agreement", "points", 2, "bias - 1.96 SD of found - reference, of {}", True),
    "loa_high": ("upper limit of agreement", "points", 2, "bias + 1.96 SD of found - reference, of {}", True),
    "r2": ("R2", "", 3, "1 - squared error / variance of the reference (can be negative), of {}", True),
    "pearson": ("correlation", "", 3, "Pearson r of found and reference, of {}", False),
    "slope": ("slope", "", 3, "of found against reference, below 1 is regression to the mean, of {}", False),
}
OF_CLIP = "the EF that `segment` reports: by disks, or by a learned head"
OF_BEAT = (
    "the EF of each beat by disks, on the found masks at the found frames against the reference's masks at "
    "its own frames; beats are matched by their ES"
)


def ef_metrics() -> Iterator[Metric]:
    """Those per clip, then those per beat."""
    for name, (title, unit, digits, text, detail) in WORDS.items():
        yield Metric(
            f"ef_{name}", f"EF {title}", _clips_statistic(name), _with_ef, "clips", unit, digits,
            text.format(OF_CLIP), _clip_pairs, detail,
        )  # fmt: skip
    yield Metric(
        "ef_coverage", "EF interval coverage", _coverage, lambda scores: len(_intervals(scores)), "clips", "",
        3, "share of the clips whose reference EF lies in the 90% interval that is given with the EF",
    )  # fmt: skip
    for name, (title, unit, digits, text, _) in WORDS.items():
        yield Metric(
            f"beat_ef_{name}", f"EF {title} per beat", _beats_statistic(name), _beats, "beats", unit, digits,
            text.format(OF_BEAT), lambda scores: [score.beat_ef for score in scores], detail=True,
        )  # fmt: skip


def _clip_pairs(scores: Scores) -> Floats:
    """EF found and true, (N, 2), NaN for none."""
    return np.array([[score.ef_found, score.ef_true] for score in scores], np.float64).reshape(-1, 2)


def _known(pairs: Floats) -> Floats:
    return pairs[np.isfinite(pairs).all(1)]


def _clips_statistic(name: str) -> Callable[[Floats], float]:
    def statistic(pairs: Floats) -> float:
        known = _known(pairs)
        return STATISTICS[name](*known.T) if len(known) else np.nan

    return statistic


def _beats_statistic(name: str) -> Callable[[Sequence[Floats]], float]:
    of_pairs = _clips_statistic(name)
    return lambda beats: of_pairs(np.concatenate([np.zeros((0, 2)), *beats]))


def _with_ef(scores: Scores) -> int:
    return len(_known(_clip_pairs(scores)))


def _beats(scores: Scores) -> int:
    return sum(len(_known(score.beat_ef)) for score in scores)


def _intervals(scores: Scores) -> list[ClipScore]:
    return [score for score in scores if np.isfinite([*score.ef_interval, score.ef_true]).all()]


def _coverage(scores: Scores) -> float:
    inside = [s.ef_interval[0] <= s.ef_true <= s.ef_interval[1] for s in _intervals(scores)]
    return float(np.mean(inside)) if inside else np.nan
