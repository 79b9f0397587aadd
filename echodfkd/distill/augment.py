"""Training-time augmentation: drawn once for each clip, the same for all its frames.

The frames of a clip ride in the channel axis, (B, T, H, W), so kornia's per-image transforms are per-clip
ones here; only the noise is fresh in every frame, as a scanner's is.
"""

import math

import kornia.augmentation as K
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ClipAugment(nn.Module):
    """Geometry for frames and target alike; gamma, contrast, shading, blur, noise, dark bands for the frames.

    Args:
        scale, degrees, shift: ranges of the affine warp (relative, degrees, share of the side).
        gamma: range of the grey exponent. gain: range of the brightness factor.
        noise: largest std of added noise, of 0..1. shading: std of the log of a smooth brightness field.
    """

    def __init__(
        self,
        scale: tuple[float, float] = (0.82, 1.18),
        degrees: float = 12.0,
        shift: float = 0.07,
        gamma: tuple[float, float] = (0.6, 1.6),
        gain: tuple[float, float] = (0.4, 1.4),
        noise: float = 0.05,
        shading: float = 0.35,
    ) -> None:
        super().__init__()
        affine = K.RandomAffine(degrees, (shift, shift), scale, (-6.0, 6.0), p=0.8)
        self.geometry = K.AugmentationSequential(affine, data_keys=["input", "input"])
        self.gamma, self.gain, self.noise, self.shading = gamma, gain, noise, shading
        self.blur = K.RandomGaussianBlur((5, 5), (0.3, 1.1), p=0.25)

    @torch.no_grad()
    def forward(self, frames: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Frames and target, both float (B, T, H, W) in 0..1, to the same shapes and range."""
        frames, target = self.geometry(frames, target)
        b = len(frames)

        def draw(low: float, high: float) -> Tensor:
            return torch.empty(b, 1, 1, 1, device=frames.device).uniform_(low, high)

        frames = self.blur(frames).clamp(0, 1)
        frames = frames.pow(torch.exp(draw(*map(math.log, self.gamma))))
        frames = frames * torch.exp(draw(*map(math.log, self.gain))) + draw(-0.03, 0.03) * (frames > 0)
        frames = frames * self._band(frames) * self._shade(frames)
        strength = draw(0, self.noise) * (draw(0, 1) < 0.5)
        frames = frames + strength * torch.randn_like(frames) * (frames > 0)
        return frames.clamp(0, 1), target.clamp(0, 1)

    def _shade(self, frames: Tensor) -> Tensor:
        """A smooth brightness field for each clip, as gain knobs, ribs and fat leave it: (B, 1, H, W)."""
        coarse = torch.randn(len(frames), 1, 5, 5, device=frames.device) * self.shading
        field = F.interpolate(coarse, frames.shape[-2:], mode="bicubic", align_corners=True)
        return torch.exp(field * (torch.rand(len(frames), 1, 1, 1, device=frames.device) < 0.6))

    def _band(self, frames: Tensor) -> Tensor:
        """A soft dark band at a random angle for some clips, as a rib or lost contact leaves it."""
        b, _, h, w = frames.shape
        y = torch.linspace(-1, 1, h, device=frames.device).view(1, 1, h, 1)
        x = torch.linspace(-1, 1, w, device=frames.device).view(1, 1, 1, w)
        u = torch.rand(4, b, 1, 1, 1, device=frames.device)
        across = x * torch.cos(3.14 * u[0]) + y * torch.sin(3.14 * u[0]) - (u[1] * 1.6 - 0.8)
        depth = 0.85 * u[2] * (u[3] < 0.35)
        return 1 - depth * torch.exp(-0.5 * (across / 0.18) ** 2)
