import pytest
import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from echodfkd.teachers.accelerate_network import accelerated, mixed_precision

IMAGES = (2, 3, 48, 48)


def trained(network: nn.Module) -> nn.Module:
    """Statistics as after a training: a batch norm of a new network would change nothing."""
    rng = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            for values in (module.running_mean, module.bias):
                values.data.normal_(0, 0.2, generator=rng)
            for values in (module.running_var, module.weight):
                values.data.uniform_(0.5, 1.5, generator=rng)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d) for module in network.modules())


class Block(nn.Module):
    """A residual block whose parts are registered in another order than they run in."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.first = nn.BatchNorm2d(3), nn.BatchNorm2d(8)
        self.narrow, self.wide = nn.Conv2d(8, 3, 1), nn.Conv2d(3, 8, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.last(self.narrow(self.first(self.wide(x)).relu()))


class Peeks(nn.Module):
    """Uses what its convolution gives twice, before and after the batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return y + self.norm(y)


class Twice(Block):
    """Runs its first convolution with two batch norms."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.wide(x).mean()


def test_any_order_of_registration_is_folded_and_the_original_stays() -> None:
    network = trained(Block())
    quick = accelerated(network, IMAGES)
    assert (norms(network), norms(quick)) == (2, 0)
    x = torch.randn(IMAGES, generator=torch.Generator().manual_seed(3)) * 5
    with torch.no_grad():
        torch.testing.assert_close(quick(x), network(x), atol=1e-4, rtol=1e-5)
    assert quick.wide.weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[union-attr]
    assert not quick.training


def test_published_blocks_lose_all_their_batch_norms() -> None:
    thin = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=2, width_per_group=4)
    network = trained(thin)
    quick = accelerated(network, IMAGES)
    assert (norms(network), norms(quick)) == (17, 0)
    x = torch.randn(IMAGES, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        torch.testing.assert_close(quick(x), network(x), atol=1e-4, rtol=1e-4)


def test_video_network_is_folded_too() -> None:
    layers = nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.ReLU(), nn.Conv3d(4, 2, 1), nn.BatchNorm3d(2)
    network = trained(nn.Sequential(*layers))
    quick = accelerated(network, (1, 3, 4, 8, 8))
    assert (norms(network), norms(quick)) == (2, 0)
    x = torch.randn((1, 3, 4, 8, 8), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        torch.testing.assert_close(quick(x), network(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [Peeks, Twice])
def test_what_cannot_be_folded_stays_right(kind: type[nn.Module]) -> None:
    network = trained(kind())
    quick = accelerated(network, IMAGES)
    assert norms(quick) >= 1
    x = torch.randn(IMAGES, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        torch.testing.assert_close(quick(x), network(x), atol=1e-5, rtol=0)


def test_processors_stay_at_float32() -> None:
    conv, x = nn.Conv2d(3, 8, 3), torch.zeros(IMAGES)
    with mixed_precision("cpu"):
        assert conv(x).dtype == torch.float32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_computes_in_16_bits() -> None:
    conv, x = nn.Conv2d(3, 8, 3).cuda(), torch.zeros(IMAGES).cuda()
    with mixed_precision("cuda"):
        assert conv(x).dtype == torch.float16
