"""The default student: a small encoder-decoder that does little work at full resolution."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two 3x3 convolutions around which the input passes unchanged."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.body = nn.Sequential(conv(channels, channels), second, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        return F.relu(x + self.body(x))


class Compact(nn.Module):
    """Encoder of four scales (1/2 .. 1/16) with additive skip connections; logits at 1/2, enlarged smoothly.

    Args:
        widths: channels of the four scales, multiples of 16.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 64, 80)) -> None:
        super().__init__()
        w = tuple(widths)
        self.stem = nn.Sequential(conv(3, w[0], 2), conv(w[0], w[0]))
        self.down = nn.ModuleList(
            nn.Sequential(conv(w[k], w[k + 1], 2), Residual(w[k + 1])) for k in range(3)
        )
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(w[3], w[3], 1), nn.Hardsigmoid())
        self.up = nn.ModuleList(nn.Conv2d(w[k + 1], w[k], 1, bias=False) for k in range(3))
        self.fuse = nn.ModuleList(conv(w[k], w[k]) for k in range(3))
        self.head = nn.Conv2d(w[0], 1, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 1, H, W) of (N, 3, H, W); H and W are multiples of 16."""
        scales = [self.stem(x)]
        for down in self.down:
            scales.append(down(scales[-1]))
        y = scales[3] * self.context(scales[3])
        for k in (2, 1, 0):
            y = self.fuse[k](scales[k] + F.interpolate(self.up[k](y), scale_factor=2.0, mode="nearest"))
        return F.interpolate(self.head(y), scale_factor=2.0, mode="bilinear", align_corners=False)


def macs_per_frame(network: nn.Module, size: int = 112) -> int:
    """Multiply-accumulates of all convolutions for one frame of a network over (1, T=1, 1, size, size)."""
    total = 0

    def count(module: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += module.weight.numel() * output.shape[-1] * output.shape[-2]

    hooks = [m.register_forward_hook(count) for m in network.modules()]
    training = network.training
    with torch.inference_mode():
        network.eval()(torch.zeros(1, 1, 1, size, size))
    network.train(training)
    for hook in hooks:
        hook.remove()
    return total
