"""What a network sees of a clip: each frame beside the mean and the spread of the whole clip.

The mean shows anatomy through the speckle, the spread shows where walls move; both are cheap and need no
recurrence. Shapes: B clips, T frames, H x W pixels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ClipContext(nn.Module):
    """Gives a 2D network the clip around each frame.

    Args:
        network: maps (N, 3, H, W) to logits (N, 1, H, W).
        multiple: H and W are padded with black to a multiple of this, and the logits cropped back.
    """

    def __init__(self, network: nn.Module, multiple: int = 16) -> None:
        super().__init__()
        self.network = network
        self.multiple = multiple

    def forward(self, x: Tensor) -> Tensor:
        """LV logits (B, T, 1, H, W) of grey frames (B, T, 1, H, W), float, 0..255."""
        b, t, _, h, w = x.shape
        x = x * (1 / 255.0)
        mean = x.mean(1, keepdim=True)
        spread = ((x - mean) ** 2).mean(1, keepdim=True).clamp_min(1e-8).sqrt()
        views = torch.cat([x - 0.2, (mean - 0.2).expand_as(x), 4 * spread.expand_as(x) - 0.2], 2) * 4
        bottom, right = -h % self.multiple, -w % self.multiple
        flat = F.pad(views.reshape(b * t, 3, h, w), (0, right, 0, bottom), value=-0.8)
        logits = self.network(flat)
        return logits[:, :, :h, :w].reshape(b, t, 1, h, w)
