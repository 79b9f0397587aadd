import math

import pytest
import torch

from echodfkd.distill.losses import mask_loss, soft_bce, soft_dice


def test_soft_bce_by_hand() -> None:
    logits, target = torch.tensor([0.0, math.log(3)]), torch.tensor([0.3, 1.0])  # s = .5, .75
    expected = (-0.3 * math.log(0.5) - 0.7 * math.log(0.5) - math.log(0.75)) / 2
    assert float(soft_bce(logits, target)) == pytest.approx(expected, abs=1e-6)


def test_soft_dice_by_hand() -> None:
    logits = torch.tensor([[[0.0, 0.0], [0.0, 0.0]]])  # s = .5 everywhere
    target = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    assert float(soft_dice(logits, target, smooth=0.0)) == pytest.approx(1 - 2 * 1.0 / (2 + 2))
    assert float(soft_dice(logits, target, smooth=4.0)) == pytest.approx(1 - (2 + 4) / (4 + 4))


def test_losses_are_least_at_the_target() -> None:
    target = torch.rand(2, 1, 1, 8, 8, generator=torch.Generator().manual_seed(0)).round()
    right, wrong = (target - 0.5) * 20, (0.5 - target) * 20
    assert float(mask_loss(right, target)) < 0.01 < 1 < float(mask_loss(wrong, target))
