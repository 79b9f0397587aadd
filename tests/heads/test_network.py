import pytest
import torch

from echodfkd.heads.channels import CHANNELS
from echodfkd.heads.network import HeadNetwork, naive_input


def network(seed: int = 0) -> HeadNetwork:
    torch.manual_seed(seed)
    return HeadNetwork().eval()


def test_it_is_small() -> None:
    assert sum(p.numel() for p in HeadNetwork().parameters()) < 60_000


@pytest.mark.parametrize("steps", [1, 2, 57, 900])
def test_shapes_and_ranges_at_any_length(steps: int) -> None:
    out = network()(torch.randn(2, CHANNELS, steps), torch.zeros(2, 3), torch.ones(2, steps))
    assert out.heat.shape == (2, 2, steps)
    assert out.phase.shape == (2, steps)
    assert bool(((out.phase > 0) & (out.phase < 1)).all())
    assert out.lv.shape == (2,)
    assert bool((out.ef.diff(dim=1) > 0).all())  # quantiles ascend


def test_padding_changes_nothing() -> None:
    curves, naive = torch.randn(1, CHANNELS, 40), torch.rand(1, 3)
    padded = torch.nn.functional.pad(curves, (0, 25))
    inside = (torch.arange(65) < 40).float()[None]
    net = network()
    alone, beside = net(curves, naive, torch.ones(1, 40)), net(padded, naive, inside)
    torch.testing.assert_close(alone.ef, beside.ef, atol=1e-4, rtol=0)
    torch.testing.assert_close(alone.lv, beside.lv, atol=1e-5, rtol=0)
    torch.testing.assert_close(alone.heat, beside.heat[..., :40], atol=1e-5, rtol=0)


def test_ef_is_a_correction_of_the_masks_own() -> None:
    curves, net, inside = torch.randn(1, CHANNELS, 40), network(), torch.ones(1, 40)
    with torch.no_grad():
        net.clip[2].weight.zero_()
        efs = [
            net(curves, torch.from_numpy(naive_input(ef, False))[None], inside).ef[0, 1] for ef in (30, 60)
        ]
    assert float(efs[1] - efs[0]) == pytest.approx(30, abs=1e-3)


def test_what_goes_in_without_an_ef() -> None:
    assert naive_input(None, True).tolist() == [0, 0, 1]
    assert naive_input(60.0, False).tolist() == pytest.approx([0.1, 1, 0])
    assert naive_input(-400.0, False)[0] == pytest.approx(-0.5)
