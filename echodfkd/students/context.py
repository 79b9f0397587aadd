"""What a network sees of a clip: each frame beside the mean and the spread of the whole clip.

The mean shows anatomy through the speckle, the spread shows where walls move; both are cheap and need no
recurrence. Shapes: B clips, T frames, H x W pixels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.students.shift import WholeClip
from echodfkd.students.tissues import fitted


class ClipContext(nn.Module):
    """Gives a network of single frames the clip around each frame.

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
        return cropped(self.network(self.look(x)), x)

    def look(self, x: Tensor) -> Tensor:
        """What a network sees (B * T, 3, H', W') of grey frames (B, T, 1, H, W), padded."""
        x = padded(x, self.multiple) * (1 / 255.0)
        mean = x.mean(1, keepdim=True)
        return views(x, mean, ((x - mean) ** 2).mean(1, keepdim=True))


class TimeContext(ClipContext):
    """The same for a network that looks at neighbouring frames: it takes (N, 3, H, W) and a `Time`."""

    def forward(self, x: Tensor) -> Tensor:
        """LV logits (B, T, 1, H, W) of grey frames (B, T, 1, H, W), float, 0..255."""
        return cropped(self.network(self.look(x), WholeClip(*x.shape[:2])), x)

    def with_tissues(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See `KnowsTissues`."""
        logits, tissues = self.network.with_tissues(self.look(x), WholeClip(*x.shape[:2]))  # type: ignore[operator]
        return cropped(logits, x), fitted(tissues, x)


def cropped(logits: Tensor, x: Tensor) -> Tensor:
    """Logits (B * T, 1, H', W') of padded frames -> (B, T, 1, H, W), the shape of the frames x."""
    return logits.unflatten(0, x.shape[:2])[..., : x.shape[-2], : x.shape[-1]]


def padded(x: Tensor, multiple: int) -> Tensor:
    """(..., H, W), with black below and on the right up to a multiple."""
    return F.pad(x, (0, -x.shape[-1] % multiple, 0, -x.shape[-2] % multiple))


def views(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Frames (B, T, 1, H, W), 0..1, and what is known of their clip, (B * T, 3, H, W), centred and scaled."""
    spread = variance.clamp_min(1e-8).sqrt()
    scaled = (((view - 0.2) * 4).expand_as(x) for view in (x, mean, 4 * spread))
    return torch.cat(list(scaled), 2).flatten(0, 1)
