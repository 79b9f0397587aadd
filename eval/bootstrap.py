"""Bootstrap intervals over clips (or patients): how far a figure would move with other ones."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError

Values = npt.NDArray[Any] | Sequence[Any]


def mean(values: Values) -> float:
    """The plain mean, as a statistic."""
    return float(np.mean(np.asarray(values, dtype=np.float64)))


def interval(
    values: Values,
    statistic: Callable[[Any], float] = mean,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of a statistic (Efron 1979): whole clips are drawn with replacement.

    Args:
        values: one entry per clip: an array with clips along its first axis, or a list of anything.
            The frames of a clip belong into one entry, for they are not independent.
        statistic: from entries like `values` to a number; draws where it is not finite are left out.
        n: number of draws. seed: of the draws; the same seed gives the same interval.
        level: share of the draws inside the interval, 0..1.

    Returns:
        (low, high); None with fewer than two clips, or where the statistic is never finite.

    Raises:
        EchoError: if n < 1 or the level is not between 0 and 1.
    """
    if n < 1 or not 0 < level < 1:
        raise EchoError(f"a bootstrap needs n >= 1 and a level between 0 and 1, got {n} and {level}")
    if len(values) < 2:
        return None
    draws = np.random.default_rng(seed).integers(len(values), size=(n, len(values)))
    figures = np.array([statistic(_take(values, draw)) for draw in draws], dtype=np.float64)
    figures = figures[np.isfinite(figures)]
    if not len(figures):
        return None
    low, high = np.quantile(figures, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _take(values: Values, draw: npt.NDArray[np.int64]) -> Values:
    return values[draw] if isinstance(values, np.ndarray) else [values[i] for i in draw]
