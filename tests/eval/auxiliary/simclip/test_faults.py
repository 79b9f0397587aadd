import numpy as np
import pytest
from dark_cavity import beating

from echodfkd.clip import Label
from echodfkd.eval.auxiliary.simclip.faults import faulty, half_plane, moved, signed_distance, smooth
from echodfkd.eval.dice import dice_per_image

MASK = beating(1)[1][0]
TISSUES = np.where(MASK, np.uint8(Label.LV), np.uint8(0))
TISSUES[98:108, 40:70] = Label.LA


def test_masks_are_wrong_in_every_degree() -> None:
    rng = np.random.default_rng(0)
    masks = np.stack([faulty(rng, TISSUES, [TISSUES]) for _ in range(300)])
    dice = dice_per_image(masks, np.broadcast_to(MASK, masks.shape))
    counts = np.histogram(dice, [0, 0.01, 0.5, 0.8, 0.95, 1.01])[0]
    assert (counts >= 15).all(), counts
    assert (dice == 1).any()
    assert any(np.array_equal(mask, TISSUES == Label.LA) for mask in masks)


def test_without_an_lv_another_frame_s_mask_is_taken() -> None:
    rng = np.random.default_rng(1)
    masks = [faulty(rng, np.zeros_like(TISSUES), [TISSUES]) for _ in range(20)]
    assert any(mask.any() for mask in masks)
    empty = np.zeros_like(TISSUES)
    assert not faulty(rng, empty, [empty]).any()


def test_signed_distance_is_that_to_the_contour() -> None:
    square = np.zeros((20, 20), bool)
    square[5:15, 5:15] = True
    distance = signed_distance(square)
    assert distance[5, 9] == pytest.approx(1, abs=0.1)
    assert distance[9, 9] == pytest.approx(5, abs=0.4)
    assert distance[9, 2] == pytest.approx(-3, abs=0.2)


def test_a_mask_is_moved_down_and_right() -> None:
    found = moved(MASK, np.array([7.0, -3.0]), 0.0, 1.0)
    assert np.array_equal(found, np.roll(MASK, (7, -3), (0, 1)))
    assert not moved(np.zeros_like(MASK), np.zeros(2), 5.0, 1.0).any()
    assert moved(MASK, np.zeros(2), 0.0, 1.2).sum() / MASK.sum() == pytest.approx(1.44, abs=0.05)


def test_noise_is_smooth_and_a_cut_has_two_sides() -> None:
    rng = np.random.default_rng(2)
    noise = smooth(rng, (112, 112), 12.0)
    assert noise.std() == pytest.approx(1, abs=1e-3)
    assert np.diff(noise, axis=0).std() < 0.3  # of white noise: 1.4
    side = half_plane(rng, MASK)
    assert (side & MASK).any()
    assert (~side).any()
