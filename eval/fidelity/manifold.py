"""Precision and recall, density and coverage: which clips lie where the others lie."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.frechet import checked

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ROWS = 1024  # of a matrix of distances at a time


class Inside(NamedTuple):
    """Where the rows of two sets lie, 0 or more for each row; the means over rows are the figures.

    Attributes:
        precise: (n_a,) 1 where a row of `a` lies among `b`. recalled: (n_b,) the other way round.
        dense: (n_a,) in how many neighbourhoods of `b` a row of `a` lies, over k.
        covered: (n_b,) 1 where the neighbourhood of a row of `b` holds one of `a`.
    """

    precise: Floats
    recalled: Floats
    dense: Floats
    covered: Floats


class PrecisionRecall(NamedTuple):
    """Means of `Inside`: precision, recall and coverage 0..1, density 0 or more."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(a: npt.ArrayLike, b: npt.ArrayLike, k: int = 3) -> PrecisionRecall:
    """The means of `inside` for rows that are independent: `a` synthetic, `b` reference.

    >>> x = np.arange(6.0)[:, None]
    >>> precision_recall(x, x, k=1)[:2], precision_recall(x, x + 100, k=1)
    ((1.0, 1.0), PrecisionRecall(precision=0.0, recall=0.0, density=0.0, coverage=0.0))
    """
    return PrecisionRecall(*(float(values.mean()) for values in inside(a, b, k)))


def inside(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    k: int,
    groups_a: Ints | None = None,
    groups_b: Ints | None = None,
) -> Inside:
    """Improved precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020).

    The neighbourhood of a row is the ball that reaches to its k-th nearest neighbour in its own set. Other
    frames of its own clip do not count as neighbours: they are so near that no other clip would ever lie in.

    Args:
        a, b: features (n, D) of the synthetic and the reference set. k: as above.
        groups_a, groups_b: clip of each row; each row its own without.

    Raises:
        EchoError: for sets of another D, or with fewer than k + 1 rows.
    """
    x, y = checked(a, b)
    if min(len(x), len(y)) <= k:
        raise EchoError(f"{k} neighbours need more than {k} rows, got {len(x)} and {len(y)}")
    middle = y.mean(0)  # smaller numbers lose fewer digits in the squares below
    x, y = x - middle, y - middle
    reach_a, reach_b = _reach(x, k, groups_a), _reach(y, k, groups_b)
    precise, dense = np.zeros(len(x)), np.zeros(len(x))
    recalled, covered = np.zeros(len(y)), np.zeros(len(y))
    for at in range(0, len(x), ROWS):
        part = slice(at, at + ROWS)
        apart = _squares(x[part], y)
        near = apart <= reach_b
        precise[part], dense[part] = near.any(1), near.sum(1) / k
        covered = np.maximum(covered, near.any(0))
        recalled = np.maximum(recalled, (apart <= reach_a[part, None]).any(0))
    return Inside(precise, recalled, dense, covered)


def _reach(x: Floats, k: int, groups: Ints | None) -> Floats:
    """Squared distance of each row to its k-th nearest neighbour of another clip."""
    names = np.arange(len(x)) if groups is None else groups
    parts = []
    for at in range(0, len(x), ROWS):
        apart = _squares(x[at : at + ROWS], x)
        apart[names[at : at + ROWS, None] == names] = np.inf
        parts.append(np.partition(apart, k - 1, axis=1)[:, k - 1])
    return np.concatenate(parts)


def _squares(x: Floats, y: Floats) -> Floats:
    """|x_i - y_j|^2."""
    squares = np.square(x).sum(1)[:, None] + np.square(y).sum(1) - 2 * x @ y.T
    return np.asarray(np.maximum(squares, 0))
