"""A denoiser: one network, and all that differs between networks about axes, sizes and time."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from echodfkd.errors import EchoError
from echodfkd.synth.diffusion.conditions import Conditioner, Values

NORM_WIDTH = 4
Told = dict[str, Tensor | None]  # what remains of the values when pictures are beside the noisy ones


class Denoiser(nn.Module):
    """Calls a network on clips (B, C, T, h, w) of any size and in one order of axes.

    Args:
        network: of a class in `CALLS`; see `widen_norms` and `TimeConv` for what is changed in it.
        conditioners: what it is told; each forward pass needs a value for each of them.
        multiple: height and width are padded to a multiple of this, by their edges, and cropped back.
        around: half of the padding goes to the left and above, else all to the right and below.
        patch: pixels are folded into channels by squares of this side before the network, and unfolded
            after: spatial detail costs channels of the outer layers instead of area everywhere.
        time_scale: the process's time is multiplied by this.

    Raises:
        EchoError: for a network of another class.
    """

    def __init__(
        self,
        network: nn.Module,
        conditioners: Sequence[Conditioner] = (),
        *,
        multiple: int = 1,
        around: bool = False,
        patch: int = 1,
        time_scale: float = 1.0,
    ) -> None:
        super().__init__()
        name = type(network).__name__
        if name not in CALLS:
            raise EchoError(f"no denoiser can be made of {name}; known are {', '.join(CALLS)}")
        self.network, self._call = with_time_convs(widen_norms(network)), CALLS[name]
        self.conditioners = tuple(conditioners)
        self.multiple, self.around, self.patch, self.time_scale = multiple, around, patch, time_scale

    def forward(self, noisy: Tensor, time: Tensor, values: Values) -> Tensor:
        """The network's raw output, of the shape of the clips.

        Args:
            noisy: float (B, C, T, h, w), scaled as the process wants it.
            time: (B,), as the process counts it.
            values: by conditioner.

        Raises:
            EchoError: when a value is missing or has another shape.
        """
        self._check(values)
        pictures = [noisy, *(values[c.name] for c in self.conditioners if c.kind == "concat")]
        multiple, (height, width) = self.multiple * self.patch, noisy.shape[-2:]
        folded = [fold(grown(p, multiple, self.around), self.patch) for p in pictures]
        told = self._told(values)
        if (maps := told["spade"]) is not None:
            told["spade"] = grown(maps, multiple * max(maps.shape[-1] // width, 1), self.around)
        output = self._call(self.network, torch.cat(folded, 1), time * self.time_scale, told)
        top, left = _before(height, multiple, self.around), _before(width, multiple, self.around)
        return unfold(output, self.patch)[..., top : top + height, left : left + width]

    def _check(self, values: Values) -> None:
        for conditioner in self.conditioners:
            if conditioner.name not in values:
                raise EchoError(f"condition {conditioner.name!r} is missing")
            conditioner.check(values[conditioner.name])

    def _told(self, values: Values) -> Told:
        def joined(kind: str) -> Tensor | None:
            found = [values[c.name] for c in self.conditioners if c.kind == kind]
            return torch.cat(found, 1) if found else None

        return {kind: joined(kind) for kind in ("embedding", "tokens", "spade")}


def widen_norms(network: nn.Module) -> nn.Module:
    """The network, each of whose group norms now spans at least `NORM_WIDTH` channels.

    diffusers' video networks have 32 groups whatever their width. With 32 channels a norm then spans one, and
    takes away whatever is the same all over a channel: a block adds time and conditions so. The published
    networks, of 128 channels and more, stay as they are.
    """
    for norm in network.modules():
        if isinstance(norm, nn.GroupNorm):
            fitting = (n for n in range(norm.num_groups, 0, -1) if norm.num_channels % n == 0)
            norm.num_groups = next((n for n in fitting if norm.num_channels // n >= NORM_WIDTH), 1)
    return network


class TimeConv(nn.Conv3d):
    """A convolution over time alone as one of pictures of T x (h w): a sixth faster in all on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, h, w) -> (B, D, T, h, w)."""
        flat = conv2d(x.flatten(3), self.weight.flatten(3), self.bias, padding=(self.kernel_size[0] // 2, 0))
        return flat.unflatten(3, x.shape[3:])


def with_time_convs(network: nn.Module) -> nn.Module:
    """The network, its convolutions over time alone computed as `TimeConv`; names of weights stay."""
    for parent in [*network.modules()]:
        for name, conv in parent.named_children():
            if type(conv) is nn.Conv3d and conv.kernel_size[1:] == (1, 1) and _keeps_time(conv):
                kernel = (conv.kernel_size[0], 1, 1)
                made = TimeConv(conv.in_channels, conv.out_channels, kernel, device="meta")
                made.weight, made.bias = conv.weight, conv.bias
                setattr(parent, name, made)
    return network


def _keeps_time(conv: nn.Conv3d) -> bool:
    plain = conv.stride == conv.dilation == (1, 1, 1) and conv.groups == 1 and conv.padding_mode == "zeros"
    return plain and conv.padding == (conv.kernel_size[0] // 2, 0, 0)


def _before(size: int, multiple: int, around: bool) -> int:
    """How many rows are added above, or columns to the left."""
    return -size % multiple // 2 if around else 0


def grown(clips: Tensor, multiple: int, around: bool = False) -> Tensor:
    """Clips padded by their edges, below and at the right or around, to a height and width of a multiple."""
    height, width = clips.shape[-2:]
    left, top = _before(width, multiple, around), _before(height, multiple, around)
    more = (left, -width % multiple - left, top, -height % multiple - top)
    if not any(more):
        return clips
    return pad(clips.flatten(0, 1), more, mode="replicate").unflatten(0, clips.shape[:2])


def fold(clips: Tensor, patch: int) -> Tensor:
    """(B, C, T, h, w) -> (B, C * patch^2, T, h / patch, w / patch)."""
    if patch == 1:
        return clips
    frames = torch.pixel_unshuffle(clips.transpose(1, 2), patch)
    return frames.transpose(1, 2)


def unfold(clips: Tensor, patch: int) -> Tensor:
    """The inverse of `fold`."""
    return clips if patch == 1 else torch.pixel_shuffle(clips.transpose(1, 2), patch).transpose(1, 2)


def _spatio_temporal(network: Any, x: Tensor, time: Tensor, told: Told) -> Tensor:
    """UNetSpatioTemporalConditionModel: (B, T, C, h, w); tokens for all frames, numbers as time ids."""
    config, (batch,) = network.config, time.shape
    tokens, ids = told["tokens"], told["embedding"]
    if tokens is None:
        tokens = x.new_zeros(batch, 1, config.cross_attention_dim)
    if ids is None:
        count = config.projection_class_embeddings_input_dim // config.addition_time_embed_dim
        ids = x.new_zeros(batch, count)
    return network(x.transpose(1, 2), time, tokens, ids, return_dict=False)[0].transpose(1, 2)


def _images(network: Any, x: Tensor, time: Tensor, told: Told) -> Tensor:
    """UNet2DModel: every frame a picture of its own."""
    frames = x.shape[2]
    labels = told["embedding"]
    known = None if labels is None else labels.squeeze(1).round().long().repeat_interleave(frames)
    output = network(_pictures(x), time.repeat_interleave(frames), known, return_dict=False)[0]
    return output.unflatten(0, (-1, frames)).transpose(1, 2)


def _spade(network: Any, x: Tensor, time: Tensor, told: Told) -> Tensor:
    """SpadeUNet: every frame a picture of its own, with a map of its own; the number is its class."""
    frames, maps, labels = x.shape[2], told["spade"], told["embedding"]
    if maps is None:
        raise EchoError("a SpadeUNet must be told label maps")
    known = None if labels is None else labels.squeeze(1).round().long().repeat_interleave(frames)
    output = network(_pictures(x), time.repeat_interleave(frames), _pictures(maps), class_labels=known)
    return output.unflatten(0, (-1, frames)).transpose(1, 2)


def _worded(network: Any, x: Tensor, time: Tensor, told: Told) -> Tensor:
    """UNet2DConditionModel and WordUNet: every frame a picture of its own, all told the clip's tokens."""
    frames, tokens = x.shape[2], told["tokens"]
    if tokens is None:
        raise EchoError(f"a {type(network).__name__} must be told tokens")
    words = tokens.repeat_interleave(frames, 0)
    output = network(_pictures(x), time.repeat_interleave(frames), words, return_dict=False)[0]
    return output.unflatten(0, (-1, frames)).transpose(1, 2)


def _controlled(network: Any, x: Tensor, time: Tensor, told: Told) -> Tensor:
    """Controlled: as `_worded`, and every frame has a picture of a map of its own."""
    frames, tokens, maps = x.shape[2], told["tokens"], told["spade"]
    if tokens is None or maps is None:
        raise EchoError("a ControlNet must be told tokens and a map")
    words = tokens.repeat_interleave(frames, 0)
    output = network(_pictures(x), time.repeat_interleave(frames), words, _pictures(maps))
    return output.unflatten(0, (-1, frames)).transpose(1, 2)


def _pictures(clips: Tensor) -> Tensor:
    """(B * T, C, h, w) of clips (B, C, T, h, w)."""
    return clips.transpose(1, 2).flatten(0, 1)


CALLS: dict[str, Callable[[Any, Tensor, Tensor, Told], Tensor]] = {
    "UNetSpatioTemporalConditionModel": _spatio_temporal,
    "UNet2DModel": _images,
    "SpadeUNet": _spade,
    "UNet2DConditionModel": _worded,
    "WordUNet": _worded,
    "Controlled": _controlled,
}
