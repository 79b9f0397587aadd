"""Checkpoints of EchoDFKD's own code: PyTorch Lightning files of its ConvLSTM students (arXiv 2409.07566).

They hold `state_dict`, and beside it optimiser states and more that is not needed here. How many blocks and
layers there are stands nowhere but in the names of the weights.
"""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.students.checkpoint import _differences as differences
from echodfkd.students.convlstm import SIZES, ConvLSTM

CELL = re.compile(r"model\.conv_lstm_blocks\.(\d{1,3})\.conv_lstm_layers\.(\d{1,3})\.cell\.conv\.weight")
FIRST = "model.conv_lstm_blocks.0.conv_lstm_layers.0.cell.conv.weight"
SIDE = 112  # pixels of the frames that they were made for
CLAIM = "unknown: the checkpoint does not say what it saw"
CONVENTION = "echonet"  # of the teacher in the paper, EchoNet-Dynamic's network
LISTED = 10  # differences that an error tells


def load_published_convlstm(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The student in a Lightning checkpoint, in evaluation mode, float32, and a configuration for it.

    Nothing in the file is run. What the student and its teacher saw does not stand in it.

    Raises:
        EchoError: if the file is no such checkpoint, would run code, does not fit any published size (at
            most ten differences are listed), or holds a weight that is NaN or infinite.
    """
    weights = _weights(path)
    blocks, layers = _size(weights, path)
    network = ConvLSTM(blocks, layers)
    found = differences(network.state_dict(), weights)
    if found:
        more = f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
        raise EchoError(f"{path} does not fit convlstm-{blocks}{layers}: {'; '.join(found[:LISTED])}{more}")
    broken = [key for key, value in weights.items() if not bool(torch.isfinite(value).all())]
    if broken:
        raise EchoError(f"{path} holds NaN or infinite weights, {broken[0]!r} among them")
    network.load_state_dict(weights)
    config = {"architecture": f"convlstm-{blocks}{layers}", "options": {}, "size": SIDE}
    return network.eval(), config | {"claim": CLAIM, "convention": CONVENTION}


def is_published_convlstm(path: Path) -> bool:
    """Whether a checkpoint names its weights as these students do; an unreadable one does not."""
    try:
        return any(map(CELL.fullmatch, _weights(path)))
    except EchoError:
        return False


def _weights(path: Path) -> dict[str, Tensor]:
    """`state_dict` of a checkpoint, unpickled without running anything in it.

    What torch says of a failure is not passed on: it advises to load the file in a way that runs code.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about other kinds of file, which fail here anyway
            found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise EchoError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnpicklingError as error:
        more = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f" ({more[1]})" if more else ""
        raise EchoError(
            f"{path} is refused: its pickle asks for more than weights{what}, which could run code"
        ) from error
    except Exception as error:  # a damaged file fails in many ways
        raise EchoError(f"{path} is no checkpoint of torch, or a damaged one") from error
    weights = found.get("state_dict") if isinstance(found, dict) else None
    if not isinstance(weights, dict) or not all(_is_weight(*item) for item in weights.items()):
        held = (
            ", ".join(map(str, list(found)[:5])) if isinstance(found, dict) else f"a {type(found).__name__}"
        )
        raise EchoError(
            f"{path} is no Lightning checkpoint with a `state_dict` of plain tensors by name: "
            f"it holds {held or 'nothing'}"
        )
    return weights


def _is_weight(name: object, value: object) -> bool:
    dense = isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized
    return isinstance(name, str) and dense


def _size(weights: Mapping[str, Tensor], path: Path) -> tuple[int, int]:
    """Blocks and layers, from the names of the recurrences: in a block every other layer is a batch norm."""
    cells = [tuple(map(int, cell.groups())) for cell in map(CELL.fullmatch, weights) if cell]
    if not cells:
        held = f"{', '.join(list(weights)[:2])}, ..." if weights else "no weights"
        raise EchoError(f"{path} is no published ConvLSTM: it holds {held}, and nothing like {FIRST}")
    blocks, layers = max(k for k, _ in cells) + 1, max(k for _, k in cells) // 2 + 1
    if not (blocks in SIZES and layers in SIZES):
        raise EchoError(f"{path} has {blocks} blocks of {layers} layers; published are 1..4 of each")
    return blocks, layers
