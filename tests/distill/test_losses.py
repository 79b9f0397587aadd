import math

import pytest
import torch

from echodfkd.distill.losses import (
    LOSSES,
    boundary,
    channel_wise,
    mask_loss,
    soft_bce,
    soft_dice,
    temperature_kl,
    temporal,
)


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


def test_temperature_kl_by_hand() -> None:
    """z = 2 log 3 at a temperature of 2 is s = 3/4; p = 1/10 is p_tau = sigmoid(log(1/9) / 2) = 1/4."""
    logits, target = torch.tensor([2 * math.log(3)]), torch.tensor([0.1])
    expected = 4 * (0.25 * math.log(0.25 / 0.75) + 0.75 * math.log(0.75 / 0.25))
    assert float(temperature_kl(logits, target, temperature=2.0)) == pytest.approx(expected, rel=1e-5)
    same = torch.logit(torch.tensor([0.1, 0.8]))
    assert float(temperature_kl(same, torch.tensor([0.1, 0.8]))) == pytest.approx(0, abs=1e-6)


def test_channel_wise_by_hand() -> None:
    """Two places: z / tau = (0, log 3) is S = (1/4, 3/4); p = (1/2, 1/2) is P = (1/2, 1/2)."""
    logits, target = torch.tensor([[[0.0, 2 * math.log(3)]]]), torch.full((1, 1, 2), 0.5)
    expected = 4 * 0.5 * (math.log(0.5 / 0.25) + math.log(0.5 / 0.75))
    assert float(channel_wise(logits, target, temperature=2.0)) == pytest.approx(expected, rel=1e-5)
    assert float(channel_wise(logits + 5, target)) == pytest.approx(float(channel_wise(logits, target)))


def test_a_boundary_counts_within_its_band_only() -> None:
    target = torch.zeros(1, 1, 12, 12)
    target[..., 6:] = 1.0  # the boundary is between columns 5 and 6; a band of 5 reaches columns 4..7
    wrong = torch.zeros(1, 1, 12, 12)  # log 2 everywhere
    assert float(boundary(wrong, target)) == pytest.approx(math.log(2), rel=1e-5)
    inside, far = wrong.clone(), wrong.clone()
    inside[..., 4:8], far[..., :4], far[..., 8:] = (target[..., 4:8] - 0.5) * 40, 7.0, -7.0
    assert float(boundary(inside, target)) == pytest.approx(0, abs=1e-6)
    assert float(boundary(far, target)) == pytest.approx(math.log(2), rel=1e-5)
    assert float(boundary(wrong, torch.ones_like(target))) == 0  # no boundary


def test_temporal_asks_for_the_same_change_not_for_the_same_mask() -> None:
    target = torch.tensor([0.2, 0.4, 0.4]).view(1, 3, 1, 1, 1)
    shifted = torch.logit(target + 0.3)
    assert float(temporal(shifted, target)) == pytest.approx(0, abs=1e-9)
    still = torch.zeros(1, 3, 1, 1, 1)
    assert float(temporal(still, target)) == pytest.approx((0.2**2 + 0) / 2, rel=1e-4)
    assert float(temporal(still[:, :1], target[:, :1])) == 0


@pytest.mark.parametrize("name", list(LOSSES))
def test_every_loss_is_least_at_the_target_and_heeds_a_weight(name: str) -> None:
    loss, draw = LOSSES[name], torch.Generator().manual_seed(1)
    target = torch.rand(2, 3, 1, 16, 16, generator=draw) * 0.9 + 0.05
    right, wrong = torch.logit(target), torch.randn(2, 3, 1, 16, 16, generator=draw, requires_grad=True)
    assert float(loss(right, target, None)) < float(loss(wrong, target, None).detach())
    weight = torch.ones(2, 3, 1, 16, 16)
    assert float(loss(wrong, target, weight).detach()) == pytest.approx(
        float(loss(wrong, target, None).detach()), rel=1e-5
    )
    weight[..., :8] = 0.0  # the left half is not to be believed: it pulls nowhere, or only through the rest
    loss(wrong, target, weight).backward()
    assert wrong.grad is not None
    assert bool(wrong.grad[..., 8:].any())
    if name != "channel":  # a softmax over the image has to take from one place what it gives to another
        assert not bool(wrong.grad[..., :8].any())
