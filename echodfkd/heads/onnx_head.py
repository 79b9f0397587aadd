"""An exported head, run by ONNX Runtime; nothing here imports torch."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from echodfkd.errors import EchoError
from echodfkd.heads.channels import CHANNELS, Channels, on_frames
from echodfkd.heads.reading import Reading
from echodfkd.students.onnx_segmenter import metadata, open_session
from echodfkd.students.onnx_weights import refuse_broken_weights

HEAD = "head-1"  # `interface` of the file; docs/export.md
SUFFIX = ".head.onnx"  # in the place of the model's own .onnx


class OnnxHead:
    """The head in a file that `export` wrote, used as a `heads.head.Head`.

    Args:
        threads: see `open_session`.

    Attributes:
        source_sha256: of the weights whose masks it learned to read.

    Raises:
        EchoError: if the file is no ONNX file, no head, or holds NaN or infinite weights.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self._session = open_session(path, threads)
        said, inputs = metadata(self._session), self._session.get_inputs()
        if said.get("interface") != HEAD or inputs[0].shape[1] != CHANNELS:
            raise EchoError(f"{path} holds no head of this version: export the model again")
        refuse_broken_weights(path)
        self.name, self.source_sha256 = said.get("name", path.stem), said.get("source_sha256", "")
        self.lv_limit = float(said["lv_limit"]) if said.get("lv_limit") else None

    def read_channels(
        self, made: Channels, frames: int, fps: float, ef: float | None = None, half: bool = True
    ) -> Reading:
        """As `heads.head.Head.read_channels`."""
        masks = np.array([[ef or 0.0, ef is not None, half]], np.float32)
        near, found, lv = self._session.run(["near", "ef", "lv"], {"curves": made[None], "masks": masks})
        ed, es = (on_frames(curve.astype(np.float64), frames, fps) for curve in near[0])
        chance = None if self.lv_limit is None else float(lv[0])
        if ef is None:
            return Reading(ed, es, None, None, chance)
        low, middle, high = (float(value) for value in found[0])
        return Reading(ed, es, middle, (low, high), chance)


def head_beside(model: Path, source_sha256: str) -> OnnxHead | None:
    """The head that lies beside an exported model and belongs to the same weights; None without.

    Raises:
        EchoError: if the file with the head's name cannot be read.
    """
    path = model.with_name(f"{model.stem}{SUFFIX}")
    if not path.is_file():
        return None
    head = _kept(path, path.stat().st_mtime_ns)
    return head if source_sha256 and head.source_sha256 == source_sha256 else None


@lru_cache(maxsize=4)
def _kept(path: Path, changed_ns: int) -> OnnxHead:
    """One loading for many clips; a file that changed is loaded again."""
    return OnnxHead(path)
