"""Exported files as `Segmenter`s, run by ONNX Runtime; nothing here imports torch."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.files import sha256
from echodfkd.segmenter import Prob
from echodfkd.students.onnx_weights import refuse_broken_weights
from echodfkd.students.parts import CHUNK, spans

CLIPS, STREAM = "frames-2", "stream-1"  # `interface` of the files that are written now; docs/export.md
OURS = frozenset({"claim", "convention", "size", "causal"})  # metadata of the files that `export` writes


def open_session(path: Path, threads: int = 0) -> Any:
    """An ONNX file in ONNX Runtime on the CPU.

    Args:
        threads: of one call; 0 leaves it to ONNX Runtime, which takes all cores.

    Raises:
        EchoError: if ONNX Runtime cannot use it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only: its warnings are for who wrote the file
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many kinds of its own, all for an unusable file
        raise EchoError(f"{path} is not a usable ONNX file: {str(error).splitlines()[0][:200]}") from error


def metadata(session: Any) -> dict[str, str]:
    """What an ONNX file says of itself."""
    return dict(session.get_modelmeta().custom_metadata_map)


class Described:
    """What the metadata of a file of ours say, under the names of a `Segmenter`.

    Args:
        side: of its network's squares, pixels. said: its metadata.

    Attributes:
        path: of the file. source_sha256: of the weights that it was made from; "" where it does not say.
    """

    def __init__(self, path: Path, side: int, said: dict[str, str]) -> None:
        refuse_broken_weights(path)
        self.path, self.source_sha256 = path, said.get("source_sha256", "")
        self.name, self.digest = path.stem, sha256(path)
        self.claim, self.convention = said.get("claim", "unknown"), said.get("convention", "unknown")
        self.size = side


class OnnxSegmenter(Described):
    """An exported file as a `Segmenter`; what it needs to know stands in the file's metadata.

    Files of before the metadata had an `interface` take float squares (B, T, 1, size, size).

    Args:
        threads: see `open_session`.

    Raises:
        EchoError: if the file is no ONNX file, not one that `echodfkd export` wrote, takes frame by frame, or
            holds NaN or infinite weights.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.session = open_session(path, threads)
        said, inputs = metadata(self.session), self.session.get_inputs()
        if said.get("interface") == STREAM:
            raise EchoError(f"{path} takes one frame after the other: it is for segment --stream")
        self.interface = said.get("interface", "")
        size = said.get("size", "")
        rank = 4 if self.interface == CLIPS else 5
        if len(inputs) != 1 or len(inputs[0].shape) != rank or not size.isdigit() or int(size) == 0:
            raise EchoError(
                f"{path} is an ONNX file of another program: echodfkd reads those that it exported"
            )
        side = inputs[0].shape[-1]
        if isinstance(side, int) and side != int(size):
            raise EchoError(f"{path} takes frames of {side} pixels a side, but says {size} of itself")
        super().__init__(path, int(size), said)
        self.causal = said.get("causal") == "true"
        self._input = inputs[0].name

    def predict(self, frames: Frames) -> Prob:
        """LV probability, 255 = certain: uint8 (T, size, size) grey -> uint8 (T, size, size).

        A causal file keeps its state inside and takes the clip as a whole.
        """
        chunk = len(frames) if self.causal else CHUNK
        parts = [self._chunk(frames[span]) for span in spans(len(frames), chunk)]
        return np.concatenate(parts)

    def _chunk(self, frames: Frames) -> Prob:
        if self.interface == CLIPS:
            (prob,) = self.session.run(["prob"], {self._input: np.ascontiguousarray(frames[None])})
            return grades(prob[0])
        clip = np.ascontiguousarray(frames[None, :, None], np.float32)
        (prob,) = self.session.run(None, {self._input: clip})
        return grades(prob[0, :, 0])


def grades(prob: npt.NDArray[np.float32]) -> Prob:
    """Probabilities 0..1 as uint8, 255 = certain."""
    return np.round(prob * 255).astype(np.uint8)
