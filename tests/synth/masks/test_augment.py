import numpy as np
import pytest
from label_maps import HEARTS, areas, heart

from echodfkd.clip import Label
from echodfkd.synth.masks.augment import KNOTS, Warping, drawn_warping, warped

STILL = np.eye(2, 3)


def test_no_warp_changes_nothing() -> None:
    same = warped(heart(0), Warping(STILL, np.zeros((KNOTS, KNOTS, 2))))
    assert np.array_equal(same.classes, heart(0).classes)


def test_a_shift_moves_the_heart_and_not_the_cone() -> None:
    affine = STILL.copy()
    affine[:, 2] = 3 / 112, -5 / 112
    moved = warped(heart(0), Warping(affine, np.zeros((KNOTS, KNOTS, 2))))
    assert np.array_equal(moved.classes[5:, :-3], heart(0).classes[:-5, 3:])
    assert moved.cone is heart(0).cone


@pytest.mark.parametrize("index", HEARTS)
def test_a_warped_heart_is_a_heart_and_another_one(index: int) -> None:
    before = heart(index)
    for seed in range(5):
        after = warped(before, drawn_warping(np.random.default_rng(seed)))
        assert set(np.unique(after.classes)) <= set(np.unique(before.classes))
        for label in (Label.LV, Label.MYOCARDIUM):
            sizes = [float(areas(m.classes[None], label)[0]) for m in (before, after)]
            assert 0.6 < sizes[1] / sizes[0] < 1.6
        assert 0.005 < (after.classes != before.classes).mean() < 0.4


def test_a_warp_depends_on_its_numbers_alone() -> None:
    one, two = (warped(heart(1), drawn_warping(np.random.default_rng(4))) for _ in range(2))
    assert np.array_equal(one.classes, two.classes)
