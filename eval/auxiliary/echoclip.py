"""EchoCLIP (Christensen et al., Nature Medicine 2024): ultrasound frames and the sentences of their reports.

Its licence is academic and its hub asks for a login, so it is not part of this package and never fetched
unless its hub id is named: hf-hub:mkaichristensen/echo-clip.
"""

import re
from pathlib import Path
from typing import Any

from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.open_clip_model import HUB, WEIGHTS, OpenClip, load_folder, load_hub, weights_in
from echodfkd.home import model_folder

NAME = "echoclip"
REPOSITORY = "mkaichristensen/echo-clip"
FOLDER = "echo-clip"  # in the model folder
CROP = 0.1  # of each side, as EchoCLIP's own loader cuts
HOW: dict[str, Any] = {
    "crop": CROP,
    "claim": "saw over a million echocardiograms of one hospital and their reports",
    "note": "",
}


def is_echoclip(name: str) -> bool:
    """Whether a path or hub id is EchoCLIP's, by its name; other CLIP models are not cropped.

    >>> is_echoclip("hf-hub:mkaichristensen/echo-clip"), is_echoclip("models/EchoCLIP"), is_echoclip("clip")
    (True, True, False)
    """
    return bool(re.search(r"echo[-_]?clip", name.replace("\\", "/").rstrip("/").lower()))


def load_echoclip(weights: Path | None, device: str) -> OpenClip:
    """EchoCLIP from a folder or file of its layout, else from `echo-clip` in the model folder.

    Raises:
        EchoError: if it is not there (the line says what, under which licence, how large and where to put
            it), or is another network.
    """
    folder = weights or model_folder() / FOLDER
    if folder.is_file():
        return load_folder(folder.parent, device, name=NAME, weights=folder, **HOW)
    if weights is None and weights_in(folder) is None:
        raise EchoError(
            f"{NAME} needs open_clip_config.json and {WEIGHTS[-1]} (about 600 MB) of the hub's {REPOSITORY} "
            f"(academic licence, login needed) in {folder}; or name it: --auxiliary {HUB}{REPOSITORY}"
        )
    return load_folder(folder, device, name=NAME, **HOW)


def load_named(name: str, device: str) -> OpenClip:
    """An open_clip model of the hub, EchoCLIP with its own preprocessing.

    Raises:
        EchoError: see `load_hub`.
    """
    return load_hub(name, device, **(HOW if is_echoclip(name) else {}))
