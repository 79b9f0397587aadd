"""Files that `torch.save` wrote, read as tensors and plain values only: nothing that would run code."""

import pickle
import re
from pathlib import Path
from typing import Any

from echodfkd.errors import EchoError


def read_torch_file(path: Path) -> Any:
    """The content of a .pt or .pth file, on the CPU (`weights_only=True`).

    Raises:
        EchoError: if there is no such file, it is unreadable, or a pickle that would run code.
    """
    import torch

    if not path.is_file():
        raise EchoError(f"no such file: {path}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a file that is none raises nearly anything
        raise EchoError(_refusal(path, error)) from error


def _refusal(path: Path, error: Exception) -> str:
    text = str(error)
    if isinstance(error, pickle.UnpicklingError) and (found := re.search(r"GLOBAL ([\w.]+)", text)):
        return f"{path} is refused: to load it would call {found[1]}, which can run code"
    reason = text.splitlines()[0][:200] if text else "it is cut off"
    return f"{path} is not a readable torch file: {reason}"
