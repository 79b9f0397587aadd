"""What makes drawn clips worth learning from. Plain functions; B T H W = clips, frames, height, width."""

import torch
from torch import Tensor
from torch.nn import functional as F


def discrepancy(student: Tensor, teacher: Tensor) -> Tensor:
    """log(1 + mean |s - t|) of two soft masks of one shape, 0..1 (Fang et al. 2019, section 3.3)."""
    return torch.log1p((student - teacher).abs().mean())


def area_outside(prob: Tensor, share: tuple[float, float]) -> Tensor:
    """How far the LV's share of a frame is outside a range, mean over frames: 0 where every frame shows one.

    >>> round(float(area_outside(torch.full((1, 1, 4, 4), 0.5), (0.1, 0.3))), 4)
    0.2
    """
    area = prob.mean((-2, -1))
    return (F.relu(share[0] - area) + F.relu(area - share[1])).mean()


def doubt(logits: Tensor) -> Tensor:
    """Mean entropy of a soft mask, 0..log 2: 0 where the teacher is certain (Chen et al. 2019, DAFL)."""
    return F.binary_cross_entropy_with_logits(logits, torch.sigmoid(logits))


def roughness(x: Tensor) -> Tensor:
    """Mean absolute difference of neighbouring pixels, of grey 0..255 (..., H, W), as a share of 255."""
    return (x.diff(dim=-1).abs().mean() + x.diff(dim=-2).abs().mean()) / 510
