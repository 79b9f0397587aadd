"""Files that this package wrote, told apart from those of others."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from echodfkd.errors import EchoError
from echodfkd.files import read_json
from echodfkd.heads.head import ARCHITECTURE as HEAD
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import KEY, read_config
from echodfkd.students.networks import FAMILIES
from echodfkd.students.runtime import load_torch


def is_ours(path: Path) -> bool:
    """Whether a .safetensors file is a network of ours; an unreadable one is, and `load_own` says why not.

    Ours say so in their metadata, or in a `config.json` beside them when no manifest of their own is there.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            if KEY in (stream.metadata() or {}):
                return True
    except (SafetensorError, OSError):
        return True
    config = path.with_name("config.json")
    if path.with_suffix(".json").is_file() or not config.is_file():
        return False
    content = read_json(config)
    architecture = content.get("architecture") if isinstance(content, dict) else None
    return isinstance(architecture, str) and architecture.split(":")[0] in (*FAMILIES, HEAD)


def load_own(path: Path, device: str) -> Segmenter:
    """A teacher or student of ours.

    Raises:
        EchoError: if the file cannot be used, or holds a head, which finds no LV.
    """
    if read_config(path)["architecture"] == HEAD:
        raise EchoError(
            f"{path} is a head: it reads the curves of a student's masks and makes none itself; "
            "name the student it belongs to"
        )
    return load_torch(path, device)
