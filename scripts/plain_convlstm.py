"""The baseline of the benchmarks: EchoDFKD's student as published, written down plainly over our weights."""

import torch
from torch import Tensor, nn

from echodfkd.students.convlstm import ConvLSTM, Recurrence


class Published(nn.Module):
    """The same network as published: (B, T, C, H, W) in torch's own layout, recurrences frame by frame."""

    def __init__(self, network: ConvLSTM) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, T, 1, H, W) of clips of that shape; H and W are multiples of 8."""
        model = self.network.model
        for scale in (*model.conv_lstm_blocks, *model.conv_lstm_upsampling):
            for layer in scale.conv_lstm_layers:
                recurs = isinstance(layer, Recurrence)
                x = looped(layer.cell.conv, x) if recurs else every_frame(layer, x)
        return every_frame(model.output_layer, x)


def every_frame(layer: nn.Module, x: Tensor) -> Tensor:
    """A layer over all frames of (B, T, ...) at once."""
    return layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def looped(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Hidden states (B, T, C, h, w) of (B, T, inputs, h, w): one convolution of [input, hidden] a frame."""
    hidden = cell = x.new_zeros(x.shape[0], conv.out_channels // 4, *x.shape[3:])
    seen = []
    for t in range(x.shape[1]):
        i, f, o, g = conv(torch.cat([x[:, t], hidden], 1)).chunk(4, 1)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(cell)
        seen.append(hidden)
    return torch.stack(seen, 1)
