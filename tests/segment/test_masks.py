import numpy as np
import pytest
from scipy import ndimage

from echodfkd.segment.masks import largest_filled, lv_masks


def test_the_largest_piece_stays_and_its_hole_is_filled() -> None:
    mask = np.zeros((12, 12), bool)
    mask[1:7, 1:7] = True
    mask[3:5, 3:5] = False  # a papillary muscle
    mask[9:11, 9:11] = True  # a stray piece
    expected = np.zeros((12, 12), bool)
    expected[1:7, 1:7] = True
    np.testing.assert_array_equal(largest_filled(mask), expected)


@pytest.mark.parametrize("seed", range(5))
def test_it_does_what_scipy_does(seed: int) -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(60, 60)), 3) > 0.02
    filled = ndimage.binary_fill_holes(noise)
    pieces, _ = ndimage.label(filled, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel())[1:]
    np.testing.assert_array_equal(largest_filled(noise), pieces == 1 + sizes.argmax())


def test_empty_stays_empty() -> None:
    assert not largest_filled(np.zeros((5, 5), bool)).any()


def test_probability_one_half_is_in() -> None:
    prob = np.zeros((2, 5, 5), np.uint8)
    prob[0, 1:4, 1:4] = 128
    prob[1, 1:4, 1:4] = 127
    assert lv_masks(prob).sum(axis=(1, 2)).tolist() == [9, 0]
