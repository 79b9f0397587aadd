"""The embedded networks: small encoder-decoders that see neighbouring frames and do little at full size."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.students.shift import Time
from echodfkd.students.tissues import TISSUES


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """A temporal shift and two 3x3 convolutions, around which the input passes unchanged."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.body = nn.Sequential(conv(channels, channels), second, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor, time: Time) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        return self.body(time.shift(x)).add_(x).relu_()  # in place: fresh memory costs more than sums


class Compact(nn.Module):
    """Encoder of four scales (1/2 .. 1/16) with additive skip connections; logits at 1/2, enlarged smoothly.

    Args:
        widths: channels of the four scales, multiples of 8.
        blocks: residual blocks at 1/4, 1/8 and 1/16.
        glances: how many pooled features the gate at 1/16 looks at, as its `Time` says.
    """

    def __init__(self, widths: tuple[int, int, int, int], blocks: tuple[int, int, int], glances: int) -> None:
        super().__init__()
        w = self.widths = tuple(widths)
        self.stem = conv(3, w[0], 2)
        self.down = nn.ModuleList(conv(w[k], w[k + 1], 2) for k in range(3))
        self.blocks = nn.ModuleList(
            nn.ModuleList(Residual(w[k + 1]) for _ in range(blocks[k])) for k in range(3)
        )
        self.gate = nn.Conv2d(glances * w[3], w[3], 1)
        self.up = nn.ModuleList(nn.Conv2d(w[k + 1], w[k], 1, bias=False) for k in range(3))
        self.fuse = nn.ModuleList([nn.ReLU(inplace=True), conv(w[1], w[1]), conv(w[2], w[2])])
        self.head = nn.Conv2d(w[0], 1, 3, 1, 1)
        self.tissues = nn.Conv2d(w[1], TISSUES, 1)  # learns beside the mask; not run afterwards

    def forward(self, x: Tensor, time: Time) -> Tensor:
        """LV logits (N, 1, H, W) of (N, 3, H, W); H and W are multiples of 16."""
        return self.decode(self.encode(x, time), time)[0]

    def with_tissues(self, x: Tensor, time: Time) -> tuple[Tensor, Tensor]:
        """LV logits (N, 1, H, W) and those of all tissues (N, 6, H / 4, W / 4) of (N, 3, H, W)."""
        logits, features = self.decode(self.encode(x, time), time)
        return logits, self.tissues(features)

    def encode(self, x: Tensor, time: Time) -> list[Tensor]:
        """Features at 1/2, 1/4, 1/8 and 1/16."""
        scales = [self.stem(x)]
        for down, blocks in zip(self.down, self.blocks, strict=True):
            y = down(scales[-1])
            for block in blocks:  # type: ignore[attr-defined]
                y = block(y, time)
            scales.append(y)
        return scales

    def decode(self, scales: list[Tensor], time: Time) -> tuple[Tensor, Tensor]:
        """LV logits at full size, and the features at 1/4."""
        y = scales[3]
        y = y * F.hardsigmoid(self.gate(time.glance(y.mean((2, 3), keepdim=True))))
        y = self._joined(1, self._joined(2, y, scales), scales)
        last = self.head(self._joined(0, y, scales))
        return F.interpolate(last, scale_factor=2.0, mode="bilinear", align_corners=False), y

    def _joined(self, k: int, y: Tensor, scales: list[Tensor]) -> Tensor:
        return self.fuse[k](F.interpolate(self.up[k](y), scale_factor=2.0, mode="nearest").add_(scales[k]))

    def shifted(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """Shape (C, h, w) of the features that each residual block shifts, for frames of height x width."""
        return [
            (self.widths[k + 1], height >> k + 2, width >> k + 2)
            for k, blocks in enumerate(self.blocks)
            for _ in blocks  # type: ignore[attr-defined]
        ]


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
