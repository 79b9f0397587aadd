"""Weights shipped inside the package: NAME.safetensors with its card NAME.json."""

import json
from pathlib import Path
from typing import Any

from echodfkd.errors import EchoError

FOLDER = Path(__file__).parent


def embedded_path(stem: str) -> Path:
    """Path of embedded weights.

    Raises:
        EchoError: if this installation lacks them.
    """
    path = FOLDER / f"{stem}.safetensors"
    if not path.is_file():
        raise EchoError(
            f"the embedded weights {path.name} are missing from this installation; reinstall echodfkd"
        )
    return path


def card(stem: str) -> dict[str, Any]:
    """The card of embedded weights: how they were made and what they reach."""
    return dict(json.loads(embedded_path(stem).with_suffix(".json").read_text()))
