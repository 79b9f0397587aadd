import pytest
import torch
from torch import nn

from echodfkd.students.fold import folded
from echodfkd.students.networks import build_network


def learned(network: nn.Module) -> nn.Module:
    """The network with batch norms that are far from doing nothing, whatever it learned or did not."""
    draw = torch.Generator().manual_seed(0)
    for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
        for values, low in ((norm.weight, 0.5), (norm.bias, -0.5)):
            values.data.uniform_(low, low + 1, generator=draw)
        if norm.running_mean is not None and norm.running_var is not None:
            norm.running_mean.uniform_(-0.5, 0.5, generator=draw)
            norm.running_var.uniform_(0.5, 1.5, generator=draw)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@torch.inference_mode()
@pytest.mark.parametrize(
    ("name", "left"), [("default", 0), ("tiny", 0), ("micro", 0), ("large", 0), ("smp:Unet:resnet18", 17)]
)
def test_a_folded_network_says_the_same(name: str, left: int) -> None:
    """resnet18 keeps the batch norms that stand in no sequence: one at its stem, two in each of 8 blocks."""
    torch.manual_seed(0)
    network = learned(build_network(name))
    clip = torch.rand(1, 3, 1, 64, 64) * 255
    expected, found = network(clip), folded(network)(clip)
    assert torch.allclose(found, expected, atol=1e-5 * max(1.0, float(expected.abs().max())))
    assert norms(folded(network)) == left < norms(network)


def test_the_network_itself_stays_as_it_is() -> None:
    network = learned(build_network("tiny")).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    small = folded(network)
    assert network.training
    assert not small.training
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@torch.inference_mode()
def test_what_is_no_sure_pair_is_left_alone() -> None:
    class Padded(nn.Conv2d):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return super().forward(nn.functional.pad(input, (2, 2, 2, 2), value=1.0))

    class Backwards(nn.Sequential):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            for layer in reversed(list(self)):
                input = layer(input)
            return input

    twice = nn.Conv2d(2, 2, 1)
    unsure = (
        nn.Sequential(Padded(2, 2, 3), nn.BatchNorm2d(2)),
        Backwards(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)),
        nn.Sequential(twice, nn.BatchNorm2d(2), twice),
        nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU(), nn.BatchNorm2d(2)),
        nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2, track_running_stats=False)),
    )
    x = torch.rand(1, 2, 8, 8)
    for layers in unsure:
        network = learned(layers)
        assert norms(folded(network)) == 1
        assert torch.equal(folded(network)(x), network(x))
