"""Whether a model has a head at all, told without torch: exported files have theirs beside them."""

from pathlib import Path

from echodfkd.heads.onnx_head import head_beside
from echodfkd.heads.reading import Reader
from echodfkd.home import model_folder
from echodfkd.segmenter import Segmenter
from echodfkd.students.onnx_segmenter import OnnxSegmenter
from echodfkd.weights import FOLDER

PATTERN = "heads-*.safetensors"
_LONGEST = 1 << 20  # bytes of a safetensors header that are looked at


def head_of(segmenter: Segmenter) -> Reader | None:
    """The head that lies beside an exported file, else what `echodfkd.heads.head.find_head` finds.

    Torch is imported only where a file may be it.

    Raises:
        EchoError: if a file with a head's name cannot be read.
    """
    if isinstance(segmenter, OnnxSegmenter):
        beside = head_beside(segmenter.path, segmenter.source_sha256)
        if beside is not None:
            return beside
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
