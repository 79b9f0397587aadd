"""Clips drawn so far, with the teacher's masks: what the student learns from (Fang et al. 2021, CMI)."""

import torch
from torch import Tensor


class Bank:
    """The last clips, as uint8 in memory; a new one takes a random place once it is full.

    A student that sees only what was drawn last forgets the rest as the drawing moves on.

    Args:
        room: how many clips.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.frames = self.masks = torch.empty(0, dtype=torch.uint8)

    def add(self, frames: Tensor, masks: Tensor) -> None:
        """Keep clips: grey 0..255 and soft masks 0..1, both float (B, T, S, S)."""
        new = (
            frames.detach().round().to("cpu", torch.uint8),
            (masks.detach() * 255).round().to("cpu", torch.uint8),
        )
        if len(self.frames) < self.room:
            old = (self.frames, self.masks) if len(self.frames) else tuple(x[:0] for x in new)
            self.frames, self.masks = (torch.cat(pair)[: self.room] for pair in zip(old, new, strict=True))
            return
        places = torch.randperm(self.room)[: len(new[0])]
        self.frames[places], self.masks[places] = (x[: len(places)] for x in new)

    def batch(self, clips: int) -> tuple[Tensor, Tensor]:
        """Frames and masks of random clips, both float (clips, T, S, S), 0..1."""
        chosen = torch.randint(len(self.frames), (clips,))
        return self.frames[chosen].float() / 255, self.masks[chosen].float() / 255
