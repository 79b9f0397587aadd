"""An exported file that takes one frame after the other, run by ONNX Runtime; nothing here imports torch."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.segmenter import Prob
from echodfkd.students.onnx_segmenter import STREAM, Described, grades, metadata, open_session


class OnnxStream(Described):
    """`NAME.stream.onnx`: keeps the state between the frames of one clip.

    Args:
        threads: of one call, 0 for all cores.

    Raises:
        EchoError: if it is no such file, or holds NaN or infinite weights.
    """

    causal = True

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.session = open_session(path, threads)
        said = metadata(self.session)
        if said.get("interface") != STREAM or not said.get("size", "").isdigit():
            raise EchoError(
                f"{path} does not take one frame after the other; a NAME.stream.onnx does, "
                "which `export` writes for causal students"
            )
        super().__init__(path, int(said["size"]), said)
        self.restart()

    def restart(self) -> None:
        """Forget all frames."""
        inputs = self.session.get_inputs()[1:]
        self._state = {entry.name: np.zeros(entry.shape, np.float32) for entry in inputs}

    def step(self, frame: Frames) -> Prob:
        """LV probability uint8 (H, W), 255 = certain, of the next frame, uint8 (H, W)."""
        return grades(self.found(frame)[1])

    def found(self, frame: Frames) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], float]:
        """Mask 0 or 1 and probability 0..1, (H, W) each, and area in pixels, of the next frame."""
        given = {"frame": np.ascontiguousarray(frame[None]), **self._state}
        mask, prob, area, *after = self.session.run(None, given)
        self._state = dict(zip(self._state, after, strict=True))
        return mask[0], prob[0], float(area[0])

    def predict(self, frames: Frames) -> Prob:
        """As of a `Segmenter`: uint8 (T, size, size) from its start -> uint8 (T, size, size)."""
        self.restart()
        return np.stack([self.step(frame) for frame in frames])
