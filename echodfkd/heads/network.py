"""The head's network: dilated convolutions in time over a clip's curves. B clips, C channels, N steps."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.heads.channels import CHANNELS

WIDTH = 40
DILATIONS = (1, 2, 4, 8, 16, 1)  # at 30 Hz the last step sees 2.1 s around it: more than a beat
QUANTILES = (0.05, 0.5, 0.95)
NAIVE = 3  # the masks' own EF, whether there is one, whether it is of half a beat


class Output(NamedTuple):
    """What the network says.

    Attributes:
        heat: logits (B, 2, N), ED and ES are near. phase: (B, N), 1 at ED .. 0 at ES (an exercise).
        ef: (B, 3), 5%, 50% and 95% quantiles of the EF in percent. lv: logit (B,), this is an apical LV.
    """

    heat: Tensor
    phase: Tensor
    ef: Tensor
    lv: Tensor


class StepNorm(nn.LayerNorm):
    """Normalises the channels of each step by themselves: neither padding nor length has a say."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, N) -> the same."""
        return super().forward(input.transpose(1, 2)).transpose(1, 2)


class Block(nn.Module):
    """Residual pair of convolutions, the first of them dilated."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = StepNorm(width)
        self.near = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.mix = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """(B, width, N) -> the same; steps outside a clip (inside 0, (B, 1, N)) stay 0."""
        hidden = F.gelu(self.near(self.norm(x) * inside))
        return (x + self.mix(hidden)) * inside


class HeadNetwork(nn.Module):
    """Reads the curves of a clip; 48 thousand parameters.

    Args:
        width: channels within.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.stem = nn.Conv1d(CHANNELS, width, 3, padding=1)
        self.blocks = nn.ModuleList(Block(width, dilation) for dilation in DILATIONS)
        self.timed = nn.Conv1d(width, 3, 1)
        self.attend = nn.Conv1d(width, 2, 1)
        self.clip = nn.Sequential(nn.Linear(3 * width + NAIVE, width), nn.GELU(), nn.Linear(width, 4))

    def forward(self, curves: Tensor, naive: Tensor, inside: Tensor) -> Output:
        """Read padded clips.

        Args:
            curves: float (B, C, N) of `channels.channels`, 0 after a clip's end.
            naive: float (B, 3): EF of the masks / 100 - 0.5 (0 without one), 1 with such an EF, 1 for half
                a beat.
            inside: float (B, N), 1 within a clip, 0 after its end.
        """
        mask = inside[:, None]
        x = self.stem(curves) * mask
        for block in self.blocks:
            x = block(x, mask)
        timed = self.timed(x)
        weights = self.attend(x).masked_fill(mask == 0, -1e4).softmax(-1)
        pooled = [(x * mask).sum(-1) / mask.sum(-1)]
        pooled += [(x * weights[:, k : k + 1]).sum(-1) for k in range(2)]
        summary = self.clip(torch.cat([*pooled, naive], 1))
        start = 50 + 100 * naive[:, :1]
        return Output(timed[:, :2], torch.sigmoid(timed[:, 2]), start + _quantiles(summary), summary[:, 3])


def naive_input(ef: float | None, half: bool) -> npt.NDArray[np.float32]:
    """The network's (3,) input of the masks' own EF in percent."""
    if ef is None:
        return np.array([0.0, 0.0, float(half)], np.float32)
    return np.array([np.clip(ef, 0, 95) / 100 - 0.5, 1.0, float(half)], np.float32)


def _quantiles(summary: Tensor) -> Tensor:
    """Corrections in points of EF (B, 3), ascending, from raw outputs (B, 3 or more)."""
    middle = 10 * summary[:, 0]
    below, above = 10 * F.softplus(summary[:, 1]), 10 * F.softplus(summary[:, 2])
    return torch.stack([middle - below, middle, middle + above], 1)
