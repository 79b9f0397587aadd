import numpy as np
import pytest
from dark_cavity import beating

from echodfkd.clip import Clip, Label
from echodfkd.eval.auxiliary.degrade import (
    degradations,
    dilated,
    eroded,
    frozen,
    oversized,
    shifted,
    shuffled,
)
from echodfkd.eval.dice import dice_per_image

SQUARE = np.zeros((2, 112, 112), bool)
SQUARE[:, 40:60, 50:80] = True


def test_erosion_and_dilation_move_every_side() -> None:
    small, large = eroded(SQUARE, 3), dilated(SQUARE, 3)
    assert small[0].sum() == 14 * 24
    assert small[0, 43:57, 53:77].all()
    assert large[0, 37:63, 50:80].all()
    assert not large[0, 36].any()
    assert large[0, 40:60, 47:83].all()
    empty = np.zeros_like(SQUARE)
    assert not dilated(empty, 3).any()
    assert not eroded(empty, 3).any()


def test_lengths_grow_with_the_picture() -> None:
    twice = SQUARE.repeat(2, 1).repeat(2, 2)
    assert eroded(twice, 3)[0].sum() == 28 * 48
    assert np.array_equal(shifted(twice, 5, 0.0), np.roll(twice, 10, 2))


def test_a_shift_goes_in_its_direction() -> None:
    assert np.array_equal(shifted(SQUARE, 4, 0.0), np.roll(SQUARE, 4, 2))
    assert np.array_equal(shifted(SQUARE, 4, np.pi / 2), np.roll(SQUARE, 4, 1))
    assert not shifted(SQUARE, 80, 0.0)[:, :, :40].any()


def test_frozen_and_shuffled_masks_are_true_ones_of_other_frames() -> None:
    masks = beating(8, beat=8)[1]
    assert all(np.array_equal(mask, masks[4]) for mask in frozen(masks, 4))
    mixed = shuffled(masks, np.random.default_rng(0))
    assert sorted(mixed.sum((1, 2))) == sorted(masks.sum((1, 2)))
    assert not np.array_equal(mixed, masks)


def test_the_oversized_mask_is_one_box() -> None:
    found = oversized(SQUARE)
    assert found[0, 35:65, 43:87].all()
    assert found[0].sum() == 30 * 44
    assert not oversized(np.zeros_like(SQUARE)).any()


def test_every_way_of_the_list_is_there_and_spans_the_range() -> None:
    video, masks = beating(8, beat=8, shrink=0.6)
    tissues = np.where(masks, np.uint8(Label.LV), np.uint8(0))
    tissues[:, 100:110, 40:70] = Label.LA
    clip = Clip(video, 25.0, "c", mask=tissues)
    found = dict(degradations(clip, np.random.default_rng(0)))
    assert {name.split()[0] for name in found} == {
        "true", "erode", "dilate", "shift", "swap", "freeze", "shuffle", "empty", "oversized",
    }  # fmt: skip
    assert "swap for left atrium" in found
    assert "swap for right ventricle" not in found
    dice = {name: dice_per_image(mask, masks).mean() for name, mask in found.items()}
    assert dice["true"] == 1
    assert dice["empty"] == dice["swap for left atrium"] == 0
    assert sum(0.8 <= value <= 0.95 for value in dice.values()) >= 5
    with pytest.raises(ValueError, match="has no masks"):
        next(degradations(Clip(video), np.random.default_rng(0)))
