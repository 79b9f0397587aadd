"""The models that can go frame by frame."""

from pathlib import Path
from typing import Protocol

from echodfkd.clip import Frames
from echodfkd.errors import UsageError
from echodfkd.segmenter import Prob

CHOICES = "tiny, a run of tiny, micro or convlstm-BL, or a NAME.stream.onnx"


class Stepper(Protocol):
    """A model that gives a frame's mask at once; the attributes are those of a `Segmenter`."""

    name: str
    digest: str
    claim: str
    convention: str
    size: int

    def restart(self) -> None:
        """Forget all frames."""
        ...

    def step(self, frame: Frames) -> Prob:
        """LV probability uint8 (size, size), 255 = certain, of the next frame, uint8 (size, size)."""
        ...


def load_stepper(name: str, device: str = "auto") -> Stepper:
    """The model of a name that `segment --model` takes; a `.onnx` file runs without torch.

    Raises:
        UsageError: if the model looks ahead, or its file takes whole clips.
        EchoError: if the file cannot be used.
    """
    if Path(name).suffix == ".onnx" and Path(name).is_file():
        return _exported(Path(name))
    import torch

    from echodfkd.students.runtime import TorchSegmenter
    from echodfkd.students.stream import Stream
    from echodfkd.students.torch_stream import TorchStream
    from echodfkd.teachers import load_teacher

    model = load_teacher(name, device=device, kind="model")
    if not (isinstance(model, TorchSegmenter) and isinstance(model.network, Stream)):
        raise UsageError(f"{name} looks at the whole clip; --stream needs a model that never does: {CHOICES}")
    torch.set_num_threads(1)  # a frame is too little work to wait for a second thread
    return TorchStream(model)


def _exported(path: Path) -> Stepper:
    from echodfkd.students.onnx_segmenter import STREAM, metadata, open_session
    from echodfkd.students.onnx_stream import OnnxStream

    beside = path.with_suffix(".stream.onnx")
    if metadata(open_session(path)).get("interface") == STREAM:
        return OnnxStream(path)
    if beside.is_file():
        return OnnxStream(beside)
    raise UsageError(f"{path} takes whole clips; --stream needs a model that goes frame by frame: {CHOICES}")
