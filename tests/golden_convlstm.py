"""What is known of EchoDFKD's published ConvLSTM students: counts, names, and values for defined weights."""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn

GOLDEN = json.loads((Path(__file__).parent / "golden" / "echodfkd_convlstm.json").read_text())


def filled(network: nn.Module) -> nn.Module:
    """The network with the weights that the golden file's note defines."""
    for n, (name, value) in enumerate(network.state_dict().items()):
        if name.endswith("num_batches_tracked"):
            continue
        i = np.arange(value.numel(), dtype=np.float64)
        f = np.sin((0.37 + 0.05 * n) * i + n)
        if value.ndim == 4:
            f *= 2.5 / math.sqrt(value[0].numel())
        elif name.endswith("running_var"):
            f = 0.02 * (np.abs(f) + 0.5)
        elif name.endswith("running_mean"):
            f = 0.05 * f
        else:
            f = 1 + 0.3 * f if name.endswith("weight") else 0.3 * f
        value.copy_(torch.from_numpy(f).view(value.shape))
    return network
