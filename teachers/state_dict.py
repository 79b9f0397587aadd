"""Named weights out of a file, and nothing else: pickles that would run code are refused."""

import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy._core.multiarray import scalar
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from echodfkd.errors import EchoError

Weights = dict[str, Tensor]

HOLDERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights")
PREFIXES = ("module.", "model.", "_orig_mod.", "net.", "network.")  # what wrappers put before the names
_NUMBERS: list[Any] = [  # plain numbers of numpy that training scripts store beside the weights (losses)
    (scalar, "numpy.core.multiarray.scalar"),
    (scalar, "numpy._core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "b1")),
]


def read_state_dict(path: Path) -> tuple[Weights, tuple[str, ...]]:
    """The weights in a .safetensors file or torch checkpoint, wrappers' prefixes stripped, with remarks.

    A checkpoint may hold the state dict itself or keep it under a usual name (`HOLDERS`) beside an
    optimiser and the like.

    Raises:
        EchoError: if the file is unreadable, would run code, holds no weights, or NaN or infinite ones.
    """
    stored = _safetensors(path) if path.suffix == ".safetensors" else load_checkpoint(path)
    weights, left_out = _stripped(_find(stored, path))
    broken = [k for k, v in weights.items() if v.is_floating_point() and not bool(torch.isfinite(v).all())]
    if broken:
        raise EchoError(
            f"{path} holds NaN or infinite weights, {broken[0]!r} among them: take another checkpoint"
        )
    remark = f"left out what is no weight of the network: {', '.join(left_out[:5])}"
    return weights, (remark,) if left_out else ()


def _safetensors(path: Path) -> Weights:
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise EchoError(f"{path} is not a readable safetensors file: {error}") from error


def load_checkpoint(path: Path) -> Any:
    """What `torch.save` wrote: tensors and plain values only (`weights_only=True`).

    Raises:
        EchoError: if the file is unreadable, or a pickle that would run code or build other objects.
    """
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_NUMBERS):
            warnings.simplefilter("ignore")  # of TorchScript, which is refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a file that is none raises nearly anything
        raise EchoError(_refusal(path, error)) from error


def _refusal(path: Path, error: Exception) -> str:
    text = str(error)
    if isinstance(error, pickle.UnpicklingError) and (found := re.search(r"GLOBAL ([\w.]+)", text)):
        return (
            f"{path} is refused: to load it would call {found[1]}, which can run code; "
            "save its state_dict() alone, best as .safetensors"
        )
    if "TorchScript" in text:
        return f"{path} is a TorchScript program, not weights: save its state_dict() or export it to ONNX"
    reason = text.splitlines()[0][:200] if text else "it is cut off"
    return f"{path} is not a readable torch checkpoint: {reason}"


def _find(stored: Any, path: Path) -> Weights:
    """The tensors of a state dict, wherever the checkpoint keeps it."""
    for name in HOLDERS if isinstance(stored, dict) else ():
        if isinstance(stored.get(name), dict):
            stored = stored[name]
            break
    items = stored.items() if isinstance(stored, dict) else ()
    weights = {str(name): value for name, value in items if isinstance(value, Tensor)}
    if not weights:
        raise EchoError(f"{path} holds no named weights, only {_contents(stored)}; save a state_dict()")
    return weights


def _contents(stored: Any) -> str:
    if isinstance(stored, dict):
        return f"entries {', '.join(map(str, list(stored)[:5]))}" if stored else "an empty dict"
    return f"a {type(stored).__name__}"


def _stripped(weights: Weights) -> tuple[Weights, list[str]]:
    """Names without the prefixes that most of them share, and the names that did not share them."""
    left_out: list[str] = []
    while True:
        shared = (
            p for p in PREFIXES if sum(map(str.startswith, weights, [p] * len(weights))) > len(weights) / 2
        )
        prefix = next(shared, None)
        if prefix is None:
            return weights, left_out
        left_out += [name for name in weights if not name.startswith(prefix)]
        weights = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
