import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.kernel import kernel


def draw(seed: int, n: int = 40, d: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def by_loops(a: np.ndarray, b: np.ndarray) -> float:
    """The unbiased estimate of all rows, pair by pair."""

    def mean(x: np.ndarray, y: np.ndarray, same: bool) -> float:
        pairs = [(i, j) for i in range(len(x)) for j in range(len(y)) if not (same and i == j)]
        return float(np.mean([(float(x[i] @ y[j]) / x.shape[1] + 1) ** 3 for i, j in pairs]))

    return mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)


def test_the_mean_over_subsets_is_the_estimate_of_all() -> None:
    a, b = draw(0, 8), draw(1, 8) + 1
    found = kernel(a, b, subsets=1500)
    assert found.value == pytest.approx(by_loops(a, b), abs=4 * found.spread / np.sqrt(1500))


def test_a_shift_is_seen_and_a_second_draw_is_not() -> None:
    near, far = kernel(draw(0), draw(1)), kernel(draw(0, 80), draw(1, 80) + 1)
    assert abs(near.value) < 2 * near.error
    assert far.value > 3 * far.error


def test_the_error_is_that_of_the_whole_sets() -> None:
    found = [kernel(draw(2 * k), draw(2 * k + 1) + 0.5, subsets=40) for k in range(50)]
    apart = np.std([one.value for one in found])
    assert 0.7 < np.mean([one.error for one in found]) / apart < 1.4


def test_frames_of_a_clip_are_no_independent_draws() -> None:
    clips = np.repeat(np.arange(30), 8)

    def frames(seed: int) -> np.ndarray:  # nearly the same within a clip
        return np.repeat(draw(seed, 30), 8, axis=0) + 0.01 * draw(seed + 100, 240)

    kept = np.mean([kernel(frames(k), frames(k + 50), clips, clips).value for k in range(20)])
    naive = np.mean([by_kernel_matrix(frames(k), frames(k + 50)) for k in range(20)])
    assert naive > 0.15  # pairs within a clip make two draws of one distribution differ
    assert abs(kept) < naive / 3


def by_kernel_matrix(a: np.ndarray, b: np.ndarray) -> float:
    def mean(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    n = len(a)
    within = sum((mean(x, x).sum() - np.trace(mean(x, x))) / (n * (n - 1)) for x in (a, b))
    return float(within - 2 * mean(a, b).mean())


def test_it_is_the_same_every_time() -> None:
    assert kernel(draw(0), draw(1), seed=3) == kernel(draw(0), draw(1), seed=3)
    assert kernel(draw(0), draw(1), seed=3) != kernel(draw(0), draw(1), seed=4)


def test_too_few_clips_are_refused() -> None:
    with pytest.raises(EchoError, match="needs four clips of each set, got 3 and 40"):
        kernel(draw(0, 3), draw(1))
    with pytest.raises(EchoError, match="ascending order"):
        kernel(draw(0), draw(1), groups_a=np.arange(40)[::-1])
