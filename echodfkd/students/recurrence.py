"""A ConvLSTM along the frames of clips: the half that looks at its input runs over many frames at once.

Only the half that looks at the frame before goes frame by frame. Shapes: B clips, T frames, N = T * B with
the clips of one frame next to each other, C channels, h x w pixels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CACHE = 1 << 20  # floats of gates that a CPU makes before it uses them: they should not have left its cache

Memory = tuple[Tensor, Tensor]  # hidden and cell state, (B, C, h, w)


class Cell(nn.Module):
    """Holds the one convolution of a ConvLSTM (Shi et al. 2015, without peepholes) over [input, hidden]."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.inputs = inputs
        self.conv = nn.Conv2d(inputs + hidden, 4 * hidden, 3, padding=1)

    def halves(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weights over the input and over the hidden state, and the bias; the candidate's are doubled.

        tanh(x) = 2 sigmoid(2 x) - 1, so that one sigmoid serves all gates: faster than a tanh beside it.
        """
        three = self.conv.out_channels * 3 // 4
        assert self.conv.bias is not None
        weight, bias = (torch.cat([p[:three], 2 * p[three:]]) for p in (self.conv.weight, self.conv.bias))
        return weight[:, : self.inputs], weight[:, self.inputs :], bias


class Recurrence(nn.Module):
    """A ConvLSTM along the frames of clips."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.cell = Cell(inputs, hidden)

    def forward(self, x: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """(N, inputs, h, w) -> hidden states (N, hidden, h, w), and the memory after them."""
        over_input, over_hidden, bias = self.cell.halves()
        if torch.compiler.is_exporting():  # a loop would be written out for as many frames as the example has
            return _scanned(F.conv2d(x, over_input, bias, padding=1), over_hidden, memory)
        hidden, cell = memory
        clips, seen = hidden.shape[0], []
        for part in x.split(clips * _frames_at_once(x, bias.numel() * hidden[:, 0].numel())):
            # over one input channel torch does not choose the layout that the hidden half has
            given = F.conv2d(part, over_input, bias, padding=1).contiguous(memory_format=torch.channels_last)
            for gates in given.split(clips):
                both = F.conv2d(hidden, over_hidden, padding=1).add_(gates)
                hidden, cell = remembered(both, cell)
                seen.append(hidden)
        return torch.cat(seen), (hidden, cell)


def _frames_at_once(x: Tensor, gates: int) -> int:
    return max(1, CACHE // gates) if x.device.type == "cpu" else x.shape[0]


def _scanned(gates: Tensor, over_hidden: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
    """The loop as one operator over any number of frames, for an exporter (it is slower to run in torch)."""
    from torch._higher_order_ops.scan import scan  # the only name that torch has for it so far

    gates, over_hidden = gates.detach(), over_hidden.detach().contiguous()

    def step(before: Memory, given: Tensor) -> tuple[Memory, Tensor]:
        hidden, cell = remembered(F.conv2d(before[0], over_hidden, padding=1) + given, before[1])
        return (hidden, cell), hidden.clone()  # what it gives out must not be one tensor twice

    hidden, cell = memory
    frames = gates.unflatten(0, (-1, hidden.shape[0]))
    after, seen = scan(step, (hidden.clone(), cell.clone()), frames, dim=0)
    return seen.flatten(0, 1), after


def remembered(gates: Tensor, cell: Tensor) -> Memory:
    """One step of an LSTM: c' = f c + i g and h = o tanh(c').

    Args:
        gates: (B, 4 C, h, w) before their sigmoid: input i, forget f, output o, and twice the candidate g;
            overwritten.
        cell: c, (B, C, h, w).

    Returns:
        h and c', (B, C, h, w) each.
    """
    i, f, o, half = gates.sigmoid_().chunk(4, 1)
    cell = (f * cell).add_((2 * half).sub_(1).mul_(i))
    wide = (2 * cell).sigmoid_()  # kept for the gradient, so not overwritten
    return (2 * wide).sub_(1).mul_(o), cell
