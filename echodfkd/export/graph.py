"""A network with all that stands around it: grey frames of any size go in, masks of that size come out.

Resizing is two products with matrices that are made of the size alone. So it is the area average that
`echodfkd.sector.crop` takes, to the pixel, and needs no operator that a runtime may lack or do its own way.
Shapes: B clips, T frames, H x W pixels of the input, S the network's side.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from echodfkd.students.stream import Stream


class Found(NamedTuple):
    """What the graph gives for frames (..., H, W).

    Attributes:
        mask: uint8, 1 where the probability is at least .5, else 0; the frames' shape.
        prob: float32 of the frames' shape, LV probability 0..1.
        area: float32 (...), pixels of each mask.
    """

    mask: Tensor
    prob: Tensor
    area: Tensor


class Fitted(nn.Module):
    """Frames to the network's squares, and its logits back to the frames.

    A frame that is not square keeps its proportions: black fills the square of its longer side, left and
    right in equal parts, or below. That is where `echodfkd.sector.square` puts a named box.

    Args:
        size: S.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def shrink(self, frames: Tensor) -> Tensor:
        """uint8 (..., H, W) -> float (..., S, S), whole grey levels 0..255."""
        rows, columns = self._matrices(frames, self._gathering)
        return (rows @ frames.to(torch.float32) @ columns.T).round()

    def enlarge(self, prob: Tensor, frames: Tensor) -> Tensor:
        """Float (..., S, S) -> (..., H, W), bilinear."""
        rows, columns = self._matrices(frames, self._spreading)
        return rows @ prob @ columns.T

    def _matrices(self, frames: Tensor, make: Any) -> tuple[Tensor, Tensor]:
        height, width = frames.shape[-2], frames.shape[-1]
        side = torch.sym_max(height, width)
        return make(height, side, 0), make(width, side, (side - width + 1) // 2)

    def _gathering(self, length: int, side: int, before: int) -> Tensor:
        """(S, length): how much each pixel counts in each place: by its overlap, or linearly when growing."""
        scale = side / self.size
        place = torch.arange(self.size, dtype=torch.float32)[:, None]
        pixel = torch.arange(length, dtype=torch.float32) + before
        overlap = torch.minimum((place + 1) * scale, pixel + 1) - torch.maximum(place * scale, pixel)
        middle = ((place + 0.5) * scale - 0.5).clamp(min=0).clamp(max=side - 1)
        tent = 1 - (middle - pixel).abs()
        shrinks = torch.full((), 1.0) * scale >= 1
        return torch.where(shrinks, overlap / scale, tent).clamp(min=0)

    def _spreading(self, length: int, side: int, before: int) -> Tensor:
        """(length, S): how much each place counts in each pixel, linearly; by its overlap when shrinking."""
        scale = self.size / side
        place = torch.arange(self.size, dtype=torch.float32)
        pixel = (torch.arange(length, dtype=torch.float32) + before)[:, None]
        overlap = torch.minimum((pixel + 1) * scale, place + 1) - torch.maximum(pixel * scale, place)
        middle = ((pixel + 0.5) * scale - 0.5).clamp(min=0).clamp(max=self.size - 1)
        tent = 1 - (middle - place).abs()
        shrinks = torch.full((), 1.0) * scale > 1
        return torch.where(shrinks, overlap / scale, tent).clamp(min=0)


class Whole(nn.Module):
    """Clips in, masks out.

    Args:
        network: maps (B, T, 1, S, S) grey 0..255 to logits. size: S.
    """

    def __init__(self, network: nn.Module, size: int) -> None:
        super().__init__()
        self.network = network
        self.fitted = Fitted(size)

    def forward(self, frames: Tensor) -> Found:
        """Masks of grey frames, uint8 (B, T, H, W)."""
        prob = torch.sigmoid(self.network(self.fitted.shrink(frames)[:, :, None]))[:, :, 0]
        return found(self.fitted.enlarge(prob, frames))


class Step(nn.Module):
    """One frame and a state in, a mask and the next state out.

    Args:
        network: causal, for squares of `size` pixels.

    Attributes:
        before: the network's state before the first frame, all zeros.
    """

    def __init__(self, network: Stream, size: int) -> None:
        super().__init__()
        self.network = network
        self.fitted = Fitted(size)
        self.before = network.initial_state(1, size, size)

    def forward(self, frame: Tensor, state: list[Tensor]) -> tuple[Tensor, ...]:
        """`Found` of a grey frame, uint8 (1, H, W), and the state after it, flat."""
        square = self.fitted.shrink(frame)[:, None, None]
        logits, after = self.network.advance(square, filled(self.before, iter(state)))
        prob = torch.sigmoid(logits)[:, 0, 0]
        return (*found(self.fitted.enlarge(prob, frame)), *flat(after))


def flat(state: Any) -> list[Tensor]:
    """The tensors in nested tuples, in order, each a tensor of its own."""
    if isinstance(state, Tensor):
        return [state.clone()]
    return [tensor for part in state for tensor in flat(part)]


def filled(like: Any, tensors: Iterator[Tensor]) -> Any:
    """The nested tuples of `like` with other tensors, the reverse of `flat`."""
    if isinstance(like, Tensor):
        return next(tensors)
    parts = [filled(part, tensors) for part in like]
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)


def found(prob: Tensor) -> Found:
    """The outputs for probabilities (..., H, W)."""
    mask = prob >= 0.5
    return Found(mask.to(torch.uint8), prob, mask.to(torch.float32).sum((-2, -1)))
