import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.manifold import inside, precision_recall

RNG = np.random.default_rng(0)


def line(*places: float) -> np.ndarray:
    return np.array(places)[:, None]


def test_by_hand() -> None:
    # nearest neighbours of b: 1, 1, 8 away; of a: 1.25, 1.25, 89.5
    a, b = line(0.25, 1.5, 91.0), line(0.0, 1.0, 9.0)
    found = inside(a, b, 1)
    assert found.precise.tolist() == [1, 1, 0]
    assert found.recalled.tolist() == [1, 1, 1]  # 9 lies within 89.5 of 91
    assert found.dense.tolist() == [2, 2, 0]  # .25: balls of 0 and 1; 1.5: those of 1 and 9
    assert found.covered.tolist() == [1, 1, 1]
    assert precision_recall(a, b, 1) == pytest.approx((2 / 3, 1, 4 / 3, 1))


def test_a_narrow_set_is_precise_and_does_not_recall() -> None:
    wide, narrow = RNG.normal(size=(200, 2)), 0.1 * RNG.normal(size=(200, 2))
    found = precision_recall(narrow, wide, 3)
    assert found.precision > 0.95
    assert found.recall < 0.2
    assert precision_recall(wide, narrow, 3).recall > 0.95


def test_two_draws_of_one_distribution_cover_each_other() -> None:
    # Naeem et al. 2020, section 3.3: coverage of equal distributions is 1 - 2^-k for large sets; density 1
    found = precision_recall(RNG.normal(size=(600, 2)), RNG.normal(size=(600, 2)), 5)
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.03)
    assert found.density == pytest.approx(1, abs=0.1)


def test_frames_of_the_same_clip_are_no_neighbours() -> None:
    clips = np.repeat(np.arange(40), 6)
    a, b = (np.repeat(RNG.normal(size=(40, 2)), 6, 0) + 1e-3 * RNG.normal(size=(240, 2)) for _ in range(2))
    assert inside(a, b, 3).precise.mean() < 0.05
    assert inside(a, b, 3, clips, clips).precise.mean() > 0.6


def test_more_rows_than_a_matrix_holds_at_a_time() -> None:
    a, b = RNG.normal(size=(1500, 1)), RNG.normal(size=(1100, 1))
    found = inside(a, b, 2)
    reach = np.sort(np.abs(b - b.T), axis=1)[:, 2]
    near = np.abs(a - b.T) <= reach
    np.testing.assert_array_equal(found.precise, near.any(1))
    np.testing.assert_array_equal(found.covered, near.any(0))
    np.testing.assert_allclose(found.dense, near.sum(1) / 2)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(EchoError, match="3 neighbours need more than 3 rows, got 3 and 9"):
        precision_recall(np.zeros((3, 1)), np.zeros((9, 1)), 3)
