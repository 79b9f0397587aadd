"""The kernel distance of two sets of features (KID), unbiased also for few clips of many frames."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.frechet import checked

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ROWS = 2048  # of a kernel matrix at a time


class KernelDistance(NamedTuple):
    """A kernel distance.

    Attributes:
        value: mean over subsets; may be below 0. spread: standard deviation over subsets.
        error: standard error of the value for the whole sets.
    """

    value: float
    spread: float
    error: float


def kernel(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    groups_a: Ints | None = None,
    groups_b: Ints | None = None,
    *,
    subsets: int = 100,
    most: int = 1000,
    seed: int = 0,
) -> KernelDistance:
    """Squared maximum mean discrepancy under k(x, y) = (x . y / D + 1)^3 (Binkowski et al. 2018, section 4).

    Frames of a clip are no independent draws: where rows belong to clips, pairs within a clip are left out,
    so that the mean stays 0 for two sets of one distribution, and subsets are of whole clips.

    Args:
        a, b: features (n, D). groups_a, groups_b: clip of each row, ascending; each row its own without.
        subsets: how many to draw. most: largest number of clips in one; half of the smaller set if fewer,
            since subsets of all clips would have no spread.
        seed: of the draws.

    Raises:
        EchoError: for sets of another D, or fewer than four clips in one.
    """
    x, y = checked(a, b)
    starts_a, starts_b = _starts(groups_a, len(x)), _starts(groups_b, len(y))
    n_a, n_b = len(starts_a), len(starts_b)
    if min(n_a, n_b) < 4:
        raise EchoError(f"a kernel distance needs four clips of each set, got {n_a} and {n_b}")
    sums = [_sums(x, x, starts_a, starts_a), _sums(y, y, starts_b, starts_b), _sums(x, y, starts_a, starts_b)]
    counts = [np.diff([*starts_a, len(x)]), np.diff([*starts_b, len(y)])]
    size = min(most, min(n_a, n_b) // 2)
    rng = np.random.default_rng(seed)
    drawn = [_discrepancy(sums, counts, _draw(rng, n_a, size), _draw(rng, n_b, size)) for _ in range(subsets)]
    spread = float(np.std(drawn, ddof=1)) if subsets > 1 else float("nan")
    # drawn without replacement (delete-d jackknife, Shao & Wu 1989): var of all = var of a subset * m / (n-m)
    error = spread * np.sqrt(size / (min(n_a, n_b) - size))
    return KernelDistance(float(np.mean(drawn)), spread, float(error))


def _starts(groups: Ints | None, rows: int) -> Ints:
    """First row of each clip."""
    if groups is None:
        return np.arange(rows)
    changes = np.diff(groups)
    if len(groups) != rows or (changes < 0).any():
        raise EchoError("groups must name the clip of each row in ascending order")
    return np.flatnonzero(np.concatenate([[1], changes]))


def _sums(x: Floats, y: Floats, rows: Ints, columns: Ints) -> Floats:
    """Sum of k over the rows of each pair of clips, (clips of x, clips of y)."""
    parts = [
        np.add.reduceat((x[at : at + ROWS] @ y.T / x.shape[1] + 1) ** 3, columns, axis=1)
        for at in range(0, len(x), ROWS)
    ]
    return np.asarray(np.add.reduceat(np.concatenate(parts), rows, axis=0))


def _draw(rng: np.random.Generator, count: int, size: int) -> Ints:
    return rng.choice(count, size, replace=False)


def _discrepancy(sums: list[Floats], counts: list[Ints], i: Ints, j: Ints) -> float:
    """The unbiased estimate over the clips i of the one and j of the other set."""
    within = sum(
        _between_clips(total[np.ix_(at, at)]) / _between_clips(np.outer(count[at], count[at]))
        for total, count, at in zip(sums[:2], counts, (i, j), strict=True)
    )
    across = sums[2][np.ix_(i, j)].sum() / (counts[0][i].sum() * counts[1][j].sum())
    return float(within - 2 * across)


def _between_clips(square: npt.NDArray) -> float:
    return float(square.sum() - np.trace(square))
