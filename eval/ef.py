"""Agreement of ejection fractions, in percentage points."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.stats import mannwhitneyu

from echodfkd.errors import EchoError

Floats = npt.NDArray[np.float64]

REDUCED_EF = 50.0  # percent; below it the EF counts as reduced


def evaluate(found: npt.ArrayLike, true: npt.ArrayLike) -> Iterator[tuple[str, float]]:
    """Figures on clips that have both an EF found and a true one; the others are counted as missing.

    Yields `n` and `n_missing`; `mae`, `rmse`, `bias` (found - true); `loa_low`, `loa_high` (Bland and
    Altman's 95% limits of agreement, 1.96 standard deviations around the bias); `r2` (1 - squared error /
    variance, can be negative), `pearson`, `slope` (of found against true: below 1 is regression to the mean);
    `auroc_reduced` (finding a true EF below 50% by a low EF). NaN where a figure is not defined.

    Args:
        found, true: float (N,), EF in percent, NaN for none.

    Raises:
        EchoError: if the lengths differ or no clip has both.
    """
    pairs = [np.asarray(values, dtype=np.float64) for values in (found, true)]
    if pairs[0].shape != pairs[1].shape or pairs[0].ndim != 1:
        raise EchoError(
            f"EFs to compare must be as many on both sides, got {pairs[0].shape} and {pairs[1].shape}"
        )
    known = np.isfinite(pairs[0]) & np.isfinite(pairs[1])
    if not known.any():
        raise EchoError("no clip has both an EF found and a true EF")
    chosen = pairs[0][known], pairs[1][known]
    yield "n", float(known.sum())
    yield "n_missing", float((~known).sum())
    for name, statistic in STATISTICS.items():
        yield name, statistic(*chosen)
    yield "auroc_reduced", auroc_reduced(*chosen)


def mae(found: Floats, true: Floats) -> float:
    """Mean absolute error, 0 or more: (N,) twice, N >= 1, in percent, as for all that follow."""
    return float(np.abs(found - true).mean())


def rmse(found: Floats, true: Floats) -> float:
    """Root of the mean squared error, 0 or more."""
    return float(np.sqrt(((found - true) ** 2).mean()))


def bias(found: Floats, true: Floats) -> float:
    """Mean of found - true."""
    return float((found - true).mean())


def agreement_limit(found: Floats, true: Floats, sign: int) -> float:
    """Bias +- 1.96 standard deviations of the error; NaN of one pair. Bland and Altman, Lancet 1986."""
    if len(found) < 2:
        return np.nan
    return bias(found, true) + sign * 1.96 * float((found - true).std(ddof=1))


def r2(found: Floats, true: Floats) -> float:
    """1 - squared error / variance of the true ones, at most 1; NaN where these are all the same."""
    return float(1 - ((found - true) ** 2).mean() / true.var()) if np.ptp(true) > 0 else np.nan


def pearson(found: Floats, true: Floats) -> float:
    """Pearson's r, -1..1; NaN where one side is all the same."""
    if not (np.ptp(found) > 0 and np.ptp(true) > 0):
        return np.nan
    return float(_covariance(found, true) / (found.std() * true.std()))


def slope(found: Floats, true: Floats) -> float:
    """Slope of found against true by least squares; NaN where the true ones are all the same."""
    return float(_covariance(found, true) / true.var()) if np.ptp(true) > 0 else np.nan


def _covariance(found: Floats, true: Floats) -> float:
    return float(((found - found.mean()) * (true - true.mean())).mean())


STATISTICS: dict[str, Callable[[Floats, Floats], float]] = {
    "mae": mae,
    "rmse": rmse,
    "bias": bias,
    "loa_low": partial(agreement_limit, sign=-1),
    "loa_high": partial(agreement_limit, sign=1),
    "r2": r2,
    "pearson": pearson,
    "slope": slope,
}


def auroc_reduced(found: Floats, true: Floats) -> float:
    """Area under the ROC curve of a low found EF for a true EF below 50%, 0..1; NaN if one side is empty."""
    reduced = true < REDUCED_EF
    if reduced.all() or not reduced.any():
        return np.nan
    u = mannwhitneyu(found[~reduced], found[reduced]).statistic
    return float(u / (reduced.sum() * (~reduced).sum()))
