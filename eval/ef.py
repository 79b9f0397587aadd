"""Agreement of ejection fractions, in percentage points."""

from collections.abc import Iterator

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
    yield from _errors(*chosen)
    yield from _relation(*chosen)
    yield "auroc_reduced", auroc_reduced(*chosen)


def _errors(found: Floats, true: Floats) -> Iterator[tuple[str, float]]:
    error = found - true
    spread = 1.96 * float(error.std(ddof=1)) if len(error) > 1 else np.nan
    yield "mae", float(np.abs(error).mean())
    yield "rmse", float(np.sqrt((error**2).mean()))
    yield "bias", float(error.mean())
    yield "loa_low", float(error.mean()) - spread
    yield "loa_high", float(error.mean()) + spread


def _relation(found: Floats, true: Floats) -> Iterator[tuple[str, float]]:
    variance, covariance = true.var(), ((found - found.mean()) * (true - true.mean())).mean()
    yield "r2", float(1 - ((found - true) ** 2).mean() / variance) if variance else np.nan
    yield "pearson", float(covariance / (found.std() * true.std())) if found.std() * true.std() else np.nan
    yield "slope", float(covariance / variance) if variance else np.nan


def auroc_reduced(found: Floats, true: Floats) -> float:
    """Area under the ROC curve of a low found EF for a true EF below 50%, 0..1; NaN if one side is empty."""
    reduced = true < REDUCED_EF
    if reduced.all() or not reduced.any():
        return np.nan
    u = mannwhitneyu(found[~reduced], found[reduced]).statistic
    return float(u / (reduced.sum() * (~reduced).sum()))
