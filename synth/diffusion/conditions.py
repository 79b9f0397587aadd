"""What a denoiser is told beside the noisy clip and its time: named values, each with a null that it learns.

A system lists its `Conditioner`s; the values travel as a plain dict from name to tensor. Training drops
values at random, so that the null is known and guidance means something (classifier-free guidance, Ho &
Salimans 2022); sampling cuts them to windows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from echodfkd.errors import EchoError

Kind = Literal["concat", "spade", "embedding", "tokens"]
PICTURES = ("concat", "spade")  # kinds that have frames
Values = Mapping[str, Tensor]


@dataclass(frozen=True)
class Conditioner:
    """One thing that a denoiser is told.

    Attributes:
        name: of the value.
        kind: "concat": pictures (B, channels, T, h, w) beside the noisy ones; "spade": label maps of that
            shape, or larger by a whole factor, that a network's norms are told; "embedding": numbers
            (B, channels), added to the embedding of time; "tokens": (B, n, channels), for cross-attention.
        channels: how many.
        drop: share of training examples that are not told.
        null: what stands in its place then; a tensor of the value's last axes where it is not one number.
    """

    name: str
    kind: Kind
    channels: int = 1
    drop: float = 0.0
    null: float | Tensor = field(default=0.0, compare=False)

    def untold(self, value: Tensor) -> Tensor:
        """The null in a value's shape."""
        return torch.as_tensor(self.null).to(value).expand_as(value)

    def check(self, value: Tensor) -> None:
        """Raises EchoError when a value has not the shape that the denoiser expects."""
        ranks = {"concat": 5, "spade": 5, "embedding": 2, "tokens": 3}
        channels = value.shape[-1 if self.kind == "tokens" else 1] if value.ndim > 1 else 0
        if value.ndim != ranks[self.kind] or channels != self.channels:
            raise EchoError(
                f"condition {self.name!r} must have {ranks[self.kind]} axes and {self.channels} channels, "
                f"got {tuple(value.shape)}"
            )


def dropped(conditioners: Sequence[Conditioner], values: Values, rng: torch.Generator) -> dict[str, Tensor]:
    """The values with some examples' nulled, each value by itself: a share `drop` of them."""
    told = dict(values)
    for conditioner in conditioners:
        value = told[conditioner.name]
        gone = torch.rand(len(value), generator=rng) < conditioner.drop
        shape = [-1] + [1] * (value.ndim - 1)
        null = conditioner.untold(value)
        told[conditioner.name] = torch.where(gone.view(shape).to(value.device), null, value)
    return told


def nulled(conditioners: Sequence[Conditioner], values: Values) -> dict[str, Tensor]:
    """The values with all nulled whose null the denoiser has learned; the others stay."""
    nulls = {c.name: c.untold(values[c.name]) for c in conditioners if c.drop > 0}
    return {**values, **nulls}


def windowed(
    conditioners: Sequence[Conditioner], values: Values, spans: Sequence[slice]
) -> dict[str, Tensor]:
    """The values of each window of each clip: row b * len(spans) + w is window w of clip b.

    Pictures are cut to their window; what holds for the whole clip goes with every window of that clip,
    and so does what no conditioner names, such as the clip that a sample starts from.
    """
    pictures = {conditioner.name for conditioner in conditioners if conditioner.kind in PICTURES}
    return {
        name: cut(value, spans) if name in pictures else value.repeat_interleave(len(spans), 0)
        for name, value in values.items()
    }


def cut(clips: Tensor, spans: Sequence[slice]) -> Tensor:
    """Windows (B * W, C, t, h, w) of clips (B, C, T, h, w); row b * W + w is window w of clip b."""
    return torch.stack([clips[:, :, span] for span in spans], 1).flatten(0, 1)


def rows(values: Values, which: slice) -> dict[str, Tensor]:
    """The values of some examples."""
    return {name: value[which] for name, value in values.items()}


def moved(values: Values, device: torch.device) -> dict[str, Tensor]:
    """The values on a device."""
    return {name: value.to(device) for name, value in values.items()}
