import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.eval.bootstrap import interval


def test_near_the_normal_interval_of_a_mean():
    values = np.random.default_rng(0).normal(10, 2, 400)
    low, high = interval(values)
    error = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - error, abs=0.04)
    assert high == pytest.approx(values.mean() + error, abs=0.04)


def test_same_seed_same_interval():
    values = np.arange(20.0)
    assert interval(values, seed=3) == interval(values, seed=3) != interval(values, seed=4)


def test_wider_with_a_higher_level():
    values = np.arange(20.0)
    (low90, high90), (low99, high99) = interval(values, level=0.9), interval(values, level=0.99)
    assert low99 < low90 < high90 < high99


def test_resamples_whole_rows_and_lists():
    pairs = np.stack([np.arange(10.0), 3 * np.arange(10.0)], axis=1)
    assert interval(pairs, lambda rows: rows[:, 1].sum() / rows[:, 0].sum()) == pytest.approx((3, 3))
    assert interval(["ab", "cd"], lambda clips: float(len(clips[0]))) == (2, 2)


def test_one_clip_has_no_interval():
    assert interval([0.9]) is None
    assert interval([]) is None


def test_draws_without_a_figure_are_left_out():
    assert interval([np.nan, np.nan]) is None
    assert interval([np.nan, 1.0, 1.0]) == (1, 1)


@pytest.mark.parametrize("bad", [{"n": 0}, {"level": 1.0}, {"level": 95}])
def test_bad_input(bad):
    with pytest.raises(EchoError, match="a bootstrap needs n >= 1 and a level between 0 and 1"):
        interval([1.0, 2.0], **bad)
