"""Whether a model has a head at all, told without torch: exported files have none, and need none of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.home import model_folder
from echodfkd.segmenter import Segmenter
from echodfkd.weights import FOLDER

if TYPE_CHECKING:
    from echodfkd.heads.head import Head

PATTERN = "heads-*.safetensors"
_LONGEST = 1 << 20  # bytes of a safetensors header that are looked at


def head_of(segmenter: Segmenter) -> "Head | None":
    """What `echodfkd.heads.head.find_head` finds; torch is imported only where a file may be it.

    Raises:
        EchoError: if a file with a head's name cannot be read.
    """
    files = [path for folder in (FOLDER, model_folder()) for path in folder.glob(PATTERN)]
    if not any(_may_fit(path, segmenter.digest) for path in files):
        return None
    from echodfkd.heads.head import find_head

    return find_head(segmenter)


def _may_fit(path: Path, digest: str) -> bool:
    """Whether a head's metadata name these weights, or do not say which."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = stream.read(min(length, _LONGEST))
    return digest.encode() in header or b"student_sha256" not in header
