import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.eval.dice import dice_per_image, evaluate, iou_per_image, overlap, pooled_dice

FOUND = np.array([[[1, 1, 0]], [[1, 0, 0]], [[0, 0, 0]], [[0, 0, 0]]], bool)
TRUE = np.array([[[1, 0, 0]], [[1, 0, 0]], [[0, 0, 0]], [[0, 1, 0]]], bool)


def test_by_hand():
    assert dice_per_image(FOUND, TRUE) == pytest.approx([2 / 3, 1, 1, 0])
    assert iou_per_image(FOUND, TRUE) == pytest.approx([1 / 2, 1, 1, 0])
    assert pooled_dice(overlap(FOUND, TRUE)) == pytest.approx(2 * 2 / 6)


def test_evaluate_averages_over_images_and_pools_beside_it():
    figures = dict(evaluate(FOUND, TRUE))
    assert figures == pytest.approx({"dice": 2 / 3, "iou": 2.5 / 4, "pooled_dice": 2 / 3})


def test_nothing_anywhere_agrees():
    empty = np.zeros((2, 3, 3), bool)
    assert dict(evaluate(empty, empty)) == {"dice": 1, "iou": 1, "pooled_dice": 1}


def test_pooled_weighs_by_size():
    found, true = np.zeros((2, 2, 10, 10), bool)
    true[0], found[0] = True, True
    true[1, 0, 0] = True
    assert dict(evaluate(found, true))["dice"] == 0.5
    assert dict(evaluate(found, true))["pooled_dice"] == pytest.approx(200 / 201)


def test_bad_input():
    with pytest.raises(EchoError, match=r"both be \(N, H, W\), got \(4, 1, 3\) and \(3, 1, 3\)"):
        overlap(FOUND, TRUE[:3])
    with pytest.raises(EchoError, match="must be bool, got uint8"):
        overlap(FOUND.astype(np.uint8), TRUE)
