import numpy as np
import pytest
from scipy.linalg import sqrtm

from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.frechet import frechet

RNG = np.random.default_rng(0)


def gaussian(mean: list[float], deviations: list[float], n: int = 400) -> np.ndarray:
    """Rows whose sample mean and covariance are exactly these (a diagonal one)."""
    raw = np.random.default_rng(1).normal(size=(n, len(mean)))
    raw -= raw.mean(0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False))).T
    return white * deviations + mean


def test_two_gaussians_by_hand() -> None:
    # |(0,0)-(3,4)|^2 = 25; axes: (1-2)^2 + (3-1)^2 = 5
    a, b = gaussian([0, 0], [1, 3]), gaussian([3, 4], [2, 1])
    assert frechet(a, b) == pytest.approx(30)
    assert frechet(b, a) == pytest.approx(30)


def test_covariances_that_do_not_commute() -> None:
    # S_a = diag(1, 4), S_b = R diag(1, 4) R^T by 45 degrees: S_a S_b has trace 12.5 and determinant 16, so
    # tr (S_a S_b)^(1/2) = sqrt(12.5 + 2 * 4) and the distance is 10 - 2 sqrt(20.5)
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    a = gaussian([0, 0], [1, 2])
    assert frechet(a, a @ turn.T) == pytest.approx(10 - 2 * np.sqrt(20.5))


def test_the_same_set_is_at_no_distance() -> None:
    a = RNG.normal(size=(60, 20))
    assert frechet(a, a[::-1]) == pytest.approx(0, abs=1e-8)


def test_it_is_the_formula_with_a_matrix_root() -> None:
    a, b = RNG.normal(size=(90, 8)), RNG.gamma(2.0, size=(70, 8))
    s_a, s_b = np.cov(a.T), np.cov(b.T)
    root = sqrtm(s_a @ s_b)
    formula = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(s_a + s_b - 2 * root.real)
    assert frechet(a, b) == pytest.approx(formula)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (
            np.zeros((8, 8)),
            np.zeros((90, 8)),
            "of 8 features needs more than as many rows, got 8: the kernel",
        ),
        (np.zeros((9, 3)), np.zeros((9, 4)), r"of the same D, got \(9, 3\) and \(9, 4\)"),
        (np.zeros((1, 1)), np.zeros((9, 1)), "needs two rows of each, got 1 and 9"),
        (np.full((9, 1), np.nan), np.zeros((9, 1)), "hold NaN or infinity"),
    ],
)
def test_sets_that_say_nothing_are_refused(a: np.ndarray, b: np.ndarray, message: str) -> None:
    with pytest.raises(EchoError, match=message):
        frechet(a, b)
