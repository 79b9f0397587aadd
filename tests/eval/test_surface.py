"""Distances by hand, and Dice, IoU, HD95 and ASSD against MONAI's."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from monai.metrics import (
    compute_average_surface_distance,
    compute_dice,
    compute_hausdorff_distance,
    compute_iou,
)
from skimage.draw import ellipse

from echodfkd.errors import EchoError
from echodfkd.eval.dice import dice_per_image, iou_per_image
from echodfkd.eval.surface import surface_distances

Bools = npt.NDArray[np.bool_]
SPACINGS = [(1.0, 1.0), (0.31, 0.47)]


def ventricles(seed: int, count: int = 12, shape: tuple[int, int] = (72, 60)) -> Bools:
    """Ellipses of many places and sizes, some cut by the edge, with holes and a crumb beside them."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((count, *shape), bool)
    for mask in masks:
        rows, columns = rng.uniform(5, 30), rng.uniform(4, 20)
        centre = rng.uniform(10, 60), rng.uniform(5, 55)
        mask[ellipse(*centre, rows, columns, shape=shape, rotation=rng.uniform(-1, 1))] = True
        mask[tuple(rng.integers(0, shape, (40, 2)).T)] ^= True
    return masks


FOUND, TRUE = ventricles(1), ventricles(2)
ONE_HOT = [torch.as_tensor(masks[:, None]) for masks in (FOUND, TRUE)]


def test_dice_and_iou_are_monais() -> None:
    empty = np.zeros((1, *FOUND.shape[1:]), bool)
    pairs = [np.concatenate([FOUND, empty, empty, TRUE[:1]]), np.concatenate([TRUE, empty, TRUE[:1], empty])]
    found, true = (torch.as_tensor(masks[:, None]) for masks in pairs)
    dice, iou = (metric(found, true, ignore_empty=False)[:, 0] for metric in (compute_dice, compute_iou))
    assert dice_per_image(*pairs) == pytest.approx(dice.numpy(), abs=1e-6)
    assert iou_per_image(*pairs) == pytest.approx(iou.numpy(), abs=1e-6)
    assert dice_per_image(*pairs)[-3:].tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("spacing", SPACINGS)
def test_hd95_is_monais(spacing: tuple[float, float]) -> None:
    oracle = compute_hausdorff_distance(*ONE_HOT, percentile=95, spacing=list(spacing))[:, 0]
    assert oracle.max() > 5
    assert surface_distances(FOUND, TRUE, spacing)[:, 0] == pytest.approx(oracle.numpy(), rel=1e-6)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_assd_is_monais(spacing: tuple[float, float]) -> None:
    oracle = compute_average_surface_distance(*ONE_HOT, symmetric=True, spacing=list(spacing))[:, 0]
    assert oracle.max() > 2
    assert surface_distances(FOUND, TRUE, spacing)[:, 1] == pytest.approx(oracle.numpy(), rel=1e-6)


def test_two_lines_by_hand() -> None:
    """One pixel and three in a row: 0, 1 and 2 away on one side, 0 on the other."""
    found, true = np.zeros((2, 1, 5, 9), bool)
    found[0, 2, 2], true[0, 2, 2:5] = True, True
    ((hd95, assd),) = surface_distances(found, true, (10.0, 0.5))
    assert hd95 == pytest.approx(np.percentile([0, 0.5, 1.0], 95))
    assert assd == pytest.approx((0 + 0 + 0.5 + 1.0) / 4)


def test_empty_masks() -> None:
    masks, empty = FOUND[:1], np.zeros_like(FOUND[:1])
    assert surface_distances(empty, empty).tolist() == [[0.0, 0.0]]
    assert np.isnan(surface_distances(masks, empty)).all()
    assert np.isnan(surface_distances(empty, masks)).all()
    assert surface_distances(masks, masks).tolist() == [[0.0, 0.0]]
    assert surface_distances(masks[:0], masks[:0]).shape == (0, 2)


def test_bad_input() -> None:
    with pytest.raises(EchoError, match=r"both be \(N, H, W\), got"):
        surface_distances(FOUND, TRUE[:3])
    with pytest.raises(EchoError, match="must be bool, got uint8"):
        surface_distances(FOUND.astype(np.uint8), TRUE)
    with pytest.raises(EchoError, match="two positive numbers"):
        surface_distances(FOUND, TRUE, (0.0, 1.0))
