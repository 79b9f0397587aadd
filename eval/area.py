"""How well the area curve of a clip was found: its course and its size. T = frames."""

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError

Floats = npt.NDArray[np.float64]


def area_correlation(found: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Pearson's r of two area curves, -1..1: (T,) twice, any unit. NaN where one of them does not move.

    >>> round(area_correlation([10, 20, 30], [1, 2, 3]), 3)
    1.0

    Raises:
        EchoError: if the curves are not of one length.
    """
    a, b = _curves(found, true)
    if not (np.ptp(a) > 0 and np.ptp(b) > 0):
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])


def area_ratio(found: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Mean found over mean true area, (T,) twice: above 1 the masks are too large. NaN without a true one.

    >>> area_ratio([10, 20], [5, 10])
    2.0

    Raises:
        EchoError: if the curves are not of one length.
    """
    a, b = _curves(found, true)
    return float(a.mean() / b.mean()) if b.mean() > 0 else np.nan


def _curves(found: npt.ArrayLike, true: npt.ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(found, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise EchoError(f"area curves to compare must be of one length, got {a.shape} and {b.shape}")
    return a, b
