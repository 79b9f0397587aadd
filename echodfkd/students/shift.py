"""How a network looks along time: both ways in a clip that is there as a whole, or only back.

A temporal shift gives some channels of each frame's features to its neighbours, so that plain 2D convolutions
see motion at no multiply-adds (Lin, Gan, Han 2019: TSM). Shapes: B clips, T frames, C channels, N = B * T.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor


class Time(Protocol):
    """What a network knows of the frames in its batch."""

    def shift(self, x: Tensor) -> Tensor:
        """Features (N, C, h, w) -> the same shape, some channels taken from neighbouring frames."""
        ...

    def glance(self, pooled: Tensor) -> Tensor:
        """Pooled features (N, C, 1, 1) -> (N, G, 1, 1): what a gate may look at."""
        ...


class WholeClip:
    """Looks both ways; the first and the last frame stand in for the neighbours that they lack.

    Args:
        clips: B. frames: T.
    """

    glances = 2  # G / C

    def __init__(self, clips: int, frames: int) -> None:
        self.clips, self.frames = clips, frames

    def shift(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same: an eighth of the channels of the frame before, an eighth of the next."""
        clip = x.unflatten(0, (self.clips, self.frames))
        before, after, own = clip.tensor_split((x.shape[1] // 8, x.shape[1] // 4), 2)
        before = torch.cat([before[:, :1], before[:, :-1]], 1)
        after = torch.cat([after[:, 1:], after[:, -1:]], 1)
        return torch.cat([before, after, own], 2).flatten(0, 1)

    def glance(self, pooled: Tensor) -> Tensor:
        """(N, C, 1, 1) -> (N, 2 C, 1, 1): the frame beside the mean of its clip."""
        clip = pooled.unflatten(0, (self.clips, self.frames))
        mean = clip.mean(1, keepdim=True).expand_as(clip)
        return torch.cat([clip, mean], 2).flatten(0, 1)


class Past:
    """Looks back only; what the next frames need of these is left in `left`.

    Args:
        clips: B. frames: T. fresh: bool (), whether no frame came before; the first one then stands in.
        memory: what the frames before left, one (B, 1, C / 4, h, w) for each shift, in order.
    """

    glances = 1  # G / C

    def __init__(self, clips: int, frames: int, fresh: Tensor, memory: Sequence[Tensor]) -> None:
        self.clips, self.frames, self.fresh, self.memory = clips, frames, fresh, memory
        self.left: list[Tensor] = []

    def shift(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same shape: a quarter of the channels is of the frame before."""
        clip = x.unflatten(0, (self.clips, self.frames))
        given, own = clip.tensor_split((x.shape[1] // 4,), 2)
        earlier = torch.where(self.fresh, given[:, :1], self.memory[len(self.left)])
        self.left.append(given[:, -1:])
        return torch.cat([torch.cat([earlier, given[:, :-1]], 1), own], 2).flatten(0, 1)

    def glance(self, pooled: Tensor) -> Tensor:
        """(N, C, 1, 1), unchanged: the frame alone."""
        return pooled
