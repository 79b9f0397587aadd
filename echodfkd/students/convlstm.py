"""The published EchoDFKD students (WACV 2025, arXiv 2409.07566).

A recurrent encoder and a plain decoder, without skip connections. What does not look along time runs over all
frames at once. Shapes: B clips, T frames, N = T * B with the clips of one frame next to each other; H' x W'
are H x W padded to what the scales need.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from echodfkd.students.context import padded
from echodfkd.students.recurrence import Memory, Recurrence

FILTERS = 12  # channels of the first block; each further block has twice as many
SIZES = range(1, 5)  # blocks, and layers in each, that were published

State = tuple[Memory, ...]  # of each recurrence, in order


class EachFrame(nn.Module):
    """A layer for each frame alone; it is here for its name in published checkpoints."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...) -> (N, ...)."""
        return self.layer(x)


class Layers(nn.Module):
    """One scale on the way down or up."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.conv_lstm_layers = nn.ModuleList(layers)


def down(inputs: int, hidden: int, layers: int, last: bool) -> Layers:
    """Recurrences with a batch norm each; half the size at the end unless it is the last scale."""
    scale: list[nn.Module] = []
    for k in range(layers):
        scale += [Recurrence(hidden if k else inputs, hidden), EachFrame(nn.BatchNorm2d(hidden))]
    return Layers(scale if last else [*scale, EachFrame(nn.MaxPool2d(2))])


def up(filters: int) -> Layers:
    """Twice the size and half the channels, linearly."""
    conv = nn.Conv2d(2 * filters, filters, 3, padding=1)
    return Layers(EachFrame(layer) for layer in (nn.Upsample(scale_factor=2), conv, nn.BatchNorm2d(filters)))


class EncoderDecoder(nn.Module):
    """The network between padding and cropping."""

    def __init__(self, blocks: int, layers: int) -> None:
        super().__init__()
        widths = [FILTERS << k for k in range(blocks)]
        self.conv_lstm_blocks = nn.ModuleList(
            down(widths[k - 1] if k else 1, widths[k], layers, k == blocks - 1) for k in range(blocks)
        )
        self.conv_lstm_upsampling = nn.ModuleList(up(width) for width in widths[-2::-1])
        self.output_layer = EachFrame(nn.Conv2d(FILTERS, 1, 1))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (N, 1, H', W') of (N, 1, H', W'), and the state after them."""
        before, after = iter(state), []
        for scale in (*self.conv_lstm_blocks, *self.conv_lstm_upsampling):
            for layer in scale.conv_lstm_layers:  # type: ignore[union-attr]
                if isinstance(layer, Recurrence):
                    x, memory = layer(x, next(before))
                    after.append(memory)
                else:
                    x = layer(x)
        return self.output_layer(x), tuple(after)


class ConvLSTM(nn.Module):
    """A published student. It never looks ahead: a clip at once, or frame by frame with a state.

    Args:
        blocks: scales, 1..4. layers: recurrences in each, 1..4.
    """

    def __init__(self, blocks: int, layers: int) -> None:
        super().__init__()
        self.blocks, self.layers = blocks, layers
        self.model = EncoderDecoder(blocks, layers)

    def forward(self, x: Tensor) -> Tensor:
        """LV logits (B, T, 1, H, W) of grey frames (B, T, 1, H, W), 0..255, of clips from their start."""
        return self.advance(x, self.initial_state(x.shape[0], x.shape[3], x.shape[4]))[0]

    def step(self, frame: Tensor, state: State) -> tuple[Tensor, State]:
        """LV logits (B, 1, H, W) of the next frame (B, 1, H, W), grey 0..255, and the state after it."""
        logits, state = self.advance(frame[:, None], state)
        return logits[:, 0], state

    def advance(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """LV logits of the next T frames, both (B, T, 1, H, W), and the state after them."""
        frames = padded(x, 1 << self.blocks - 1).transpose(0, 1)
        logits, state = self.model(frames.flatten(0, 1), state)
        clips = logits.unflatten(0, frames.shape[:2]).transpose(0, 1)
        return clips[..., : x.shape[-2], : x.shape[-1]], state

    def initial_state(self, clips: int, height: int, width: int) -> State:
        """The state before the first frame of height x width: nothing was seen."""
        like = next(self.parameters())
        state = []
        for k in range(self.blocks):
            rows, columns = (-(-side >> self.blocks - 1) << self.blocks - 1 - k for side in (height, width))
            nothing = like.new_zeros(clips, FILTERS << k, rows, columns)
            state += [(nothing, nothing)] * self.layers
        return tuple(state)
