"""Weights shipped inside the package: NAME.safetensors with its card NAME.json."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from echodfkd.errors import EchoError
from echodfkd.home import model_folder

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


def folder_with(stems: Iterable[str]) -> Path | None:
    """The folder that holds all of these weights: the package's, else the user's; None if neither does."""
    names = [f"{stem}.safetensors" for stem in stems]
    folders = (FOLDER, model_folder())
    return next((f for f in folders if all((f / name).is_file() for name in names)), None)
