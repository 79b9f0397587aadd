"""The task that needs no label: fill holes (Medical Diffusion, arXiv 2211.03364, section 4.4)."""

from collections.abc import Sequence

import torch
from monai.metrics.regression import compute_ssim_and_cs
from torch import Tensor
from torch.nn.functional import avg_pool3d

HIDDEN = 0.4  # share of the patches
PATCH = 16
SCALES = (0.25, 0.35, 0.4)  # weights of MS-SSIM's scales, fine to coarse
KERNEL, SIGMA = (3, 3, 3), (1.5, 1.5, 1.5)  # small, so that 32 frames are enough for three scales


def flipped(clips: Tensor, rng: torch.Generator) -> Tensor:
    """Clips (B, 1, T, H, W), each turned around along each of T and W or not, by chance."""
    parts = []
    for clip in clips:
        turned = [axis for axis in (1, 3) if torch.rand((), generator=rng) < 0.5]
        parts.append(clip.flip(turned))
    return torch.stack(parts)


def holed(clips: Tensor, rng: torch.Generator, hidden: float = HIDDEN, patch: int = PATCH) -> Tensor:
    """Clips with a share of their cubes of `patch` frames, rows and columns set to 0, by chance."""
    cells = [-(-size // patch) for size in clips.shape[2:]]
    keep = (torch.rand(len(clips), 1, *cells, generator=rng) >= hidden).to(clips)
    for axis, size in enumerate(clips.shape[2:], 2):
        keep = keep.repeat_interleave(patch, axis).narrow(axis, 0, size)
    return clips * keep


def inpainting_loss(ours: Tensor, clips: Tensor, scales: Sequence[float] = SCALES) -> Tensor:
    """Mean absolute error plus 1 - MS-SSIM of clips (B, 1, T, H, W) in 0..1."""
    return (ours - clips).abs().mean() + 1 - ms_ssim(ours, clips, scales)


def ms_ssim(ours: Tensor, clips: Tensor, scales: Sequence[float] = SCALES) -> Tensor:
    """Multi-scale structural similarity (Wang et al. 2003) of clips (B, 1, T, H, W) in 0..1, at most 1.

    MONAI's terms, weighted by `scales` and added: their product, which the paper takes, has no gradient where
    contrasts are opposite, as they are before a network has learned anything.
    """
    total = ours.new_zeros(())
    for number, weight in enumerate(scales, 1):
        ssim, contrast = compute_ssim_and_cs(ours, clips, 3, kernel_size=KERNEL, kernel_sigma=SIGMA)
        total = total + weight * (ssim if number == len(scales) else contrast).mean()
        ours, clips = avg_pool3d(ours, 2), avg_pool3d(clips, 2)
    return total / sum(scales)
