"""A network that never looks ahead: a clip at once while it learns, frame by frame where frames arrive.

It sees each frame beside the running mean and spread of the frames so far. Shapes: B clips, T frames, H x W
pixels; H' x W' are H x W padded to multiples of 16.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from echodfkd.students.compact import Compact
from echodfkd.students.context import cropped, padded, views
from echodfkd.students.shift import Past
from echodfkd.students.tissues import fitted

SPAN = 32  # frames; the mean is over all frames until then, and forgets with 1/32 a frame from there on
MULTIPLE = 16


class State(NamedTuple):
    """What earlier frames leave to later ones.

    Attributes:
        seen: float (), frames so far, counted up to `SPAN`.
        mean, variance: (B, 1, 1, H', W'), running, of grey 0..1.
        memory: features of the last frame that the next one takes over, one tensor for each residual block.
    """

    seen: Tensor
    mean: Tensor
    variance: Tensor
    memory: tuple[Tensor, ...]


class Causal(nn.Module):
    """Runs a `Compact` forwards in time.

    Args:
        network: of one glance.
    """

    def __init__(self, network: Compact) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """LV logits (B, T, 1, H, W) of grey frames (B, T, 1, H, W), 0..255, of clips from their start."""
        return self.advance(x, self.initial_state(x.shape[0], x.shape[3], x.shape[4]))[0]

    def with_tissues(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See `KnowsTissues`."""
        look, past, _ = self._look(x, self.initial_state(x.shape[0], x.shape[3], x.shape[4]))
        logits, tissues = self.network.with_tissues(look, past)
        return cropped(logits, x), fitted(tissues, x)

    def step(self, frame: Tensor, state: State) -> tuple[Tensor, State]:
        """LV logits (B, 1, H, W) of the next frame (B, 1, H, W), grey 0..255, and the state after it."""
        logits, state = self.advance(frame[:, None], state)
        return logits[:, 0], state

    def advance(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """LV logits of the next T frames, both (B, T, 1, H, W), and the state after them."""
        look, past, after = self._look(x, state)
        logits = cropped(self.network(look, past), x)
        return logits, after._replace(memory=tuple(past.left))

    def _look(self, x: Tensor, state: State) -> tuple[Tensor, Past, State]:
        """What the network sees of the next frames, and the state after them but for its memory."""
        look = padded(x, MULTIPLE) * (1 / 255.0)
        mean, variance = running(look, state)
        past = Past(x.shape[0], x.shape[1], state.seen == 0, state.memory)
        seen = (state.seen + x.shape[1]).clamp(max=SPAN)
        return views(look, mean, variance), past, State(seen, mean[:, -1:], variance[:, -1:], state.memory)

    def initial_state(self, clips: int, height: int, width: int) -> State:
        """The state before the first frame of height x width."""
        like = self.network.head.weight
        rows, columns = height + -height % MULTIPLE, width + -width % MULTIPLE
        black = like.new_zeros(clips, 1, 1, rows, columns)
        shapes = self.network.shifted(rows, columns)
        memory = tuple(like.new_zeros(clips, 1, c // 4, h, w) for c, h, w in shapes)
        return State(like.new_zeros(()), black, black, memory)


def running(x: Tensor, state: State) -> tuple[Tensor, Tensor]:
    """Mean and variance of the frames up to each of (B, T, 1, H, W), in that shape.

    m_t = m_{t-1} + a_t d_t and v_t = (1 - a_t)(v_{t-1} + a_t d_t^2) with d_t = x_t - m_{t-1} (West 1979) and
    a_t = max(1 / (t + 1), 1 / SPAN); here for all t at once, as products with one T x T matrix.
    """
    count = state.seen + torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype)
    share = (1 / count).clamp(min=1 / SPAN)
    # log of the product of 1 - a up to each frame
    kept = (count - SPAN).clamp(min=0) * math.log(1 - 1 / SPAN) - count.clamp(max=SPAN).log()
    weights = (share * (kept[:, None] - kept).clamp(max=0).exp()).tril()
    rest = (1 - weights.sum(1)).view(-1, 1, 1, 1)  # the weight of what came before these frames
    mean = torch.einsum("ts,bschw->btchw", weights, x) + rest * state.mean
    off = x - torch.cat([state.mean, mean[:, :-1]], 1)
    variance = torch.einsum("ts,bschw->btchw", weights * (1 - share), off**2) + rest * state.variance
    return mean, variance
