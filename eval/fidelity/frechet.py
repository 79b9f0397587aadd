"""The Fréchet distance of two sets of features (FID, FVD: the same on other features)."""

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError

Floats = npt.NDArray[np.float64]


def frechet(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """|m_a - m_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)) of two Gaussians (Heusel et al. 2017, section 3).

    It is too large for few rows, by about D (1/n_a + 1/n_b) spreads; with no more rows than features the
    covariances have no full rank and the figure says little. Shrinking them would make figures of different
    n look comparable while they are not, so such sets are refused: `kernel` is for them.

    Args:
        a, b: features (n, D), n > D.

    Returns:
        The squared distance, 0 or more, in squared units of the features.

    Raises:
        EchoError: for too few rows, or sets of another D.

    >>> x = np.array([[0.0], [2.0], [4.0]])
    >>> frechet(x, x + 3), frechet(x, 2 * x)
    (9.0, 8.0)
    """
    x, y = checked(a, b)
    fewest = min(len(x), len(y))
    if fewest <= x.shape[1]:
        raise EchoError(
            f"a Fréchet distance of {x.shape[1]} features needs more than as many rows, got {fewest}: "
            "the kernel distance is for small sets"
        )
    s_a, s_b = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (x, y))
    root = _root(s_a)
    # S_a S_b has the eigenvalues of the symmetric S_a^(1/2) S_b S_a^(1/2), none of which is negative
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ s_b @ root), 0)).sum()
    distance = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(s_a) + np.trace(s_b) - 2 * cross
    return max(0.0, float(distance))


def _root(s: Floats) -> Floats:
    values, vectors = np.linalg.eigh(s)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def checked(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Both in float64. Raises EchoError unless they are finite features (n, D) of one D, two rows or more."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise EchoError(f"features must be (n, D) of the same D, got {a.shape} and {b.shape}")
    if min(len(a), len(b)) < 2:
        raise EchoError(f"a distance of two sets needs two rows of each, got {len(a)} and {len(b)}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise EchoError("features hold NaN or infinity")
    return a, b
