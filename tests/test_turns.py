import numpy as np
import pytest

from echodfkd.turns import nominal_fps, turning_points


def wave(frames: int = 100, period: int = 20) -> np.ndarray:
    return 2 + np.cos(np.arange(frames) / period * 2 * np.pi)


def test_extrema_alternate_and_small_ones_are_none() -> None:
    ripple = wave() + 0.05 * np.cos(np.arange(100))
    found = turning_points(ripple, 0.5)
    assert [turn.is_ed for turn in found] == [True, False] * 5 + [True]  # the last one is pending
    assert [turn.frame for turn in found[:10]] == pytest.approx(range(0, 100, 10), abs=3)
    assert all(turn.value == ripple[turn.frame] for turn in found)


def test_the_nominal_rate_beats_70_times_a_minute() -> None:
    assert nominal_fps(wave()) == pytest.approx(20 * 70 / 60, rel=0.02)
    assert nominal_fps(np.ones(10)) == 25.0


@pytest.mark.parametrize("lost", [0.0, np.nan])
def test_lost_frames_are_no_beats(lost: float) -> None:
    area = wave()
    area[[3, 24, 33, 47, 64, 78, 86]] = lost
    assert nominal_fps(area) == pytest.approx(20 * 70 / 60, rel=0.1)
