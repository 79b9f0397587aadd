"""Where a model named on the command line is found: embedded, in the model folder, or where a path points."""

from pathlib import Path

from echodfkd.errors import EchoError, unknown_name
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import sha256
from echodfkd.students.published import load_published_convlstm
from echodfkd.students.runtime import OnnxSegmenter, TorchSegmenter, load_torch
from echodfkd.weights import embedded_path

STUDENTS = {  # name -> stem of its embedded weights
    "default": "student-default",
    "tiny": "student-tiny",
}


def load_student(name: str, device: str = "auto") -> Segmenter:
    """The trained model of an embedded name, a run folder, a .safetensors, .onnx or published .ckpt file.

    Raises:
        UsageError: if the name is neither embedded nor a path (the embedded names are listed).
        EchoError: if the file cannot be used.
    """
    if name in STUDENTS:
        return load_torch(embedded_path(STUDENTS[name]), device, name)
    path = Path(name)
    if path.is_dir():
        return load_torch(_run_weights(path), device, path.resolve().name)
    if not path.exists():
        raise unknown_name("model", name, [*STUDENTS, "a run folder", "a .safetensors, .onnx or .ckpt file"])
    if path.suffix == ".safetensors":
        return load_torch(path, device)
    if path.suffix == ".onnx":
        return OnnxSegmenter(path)
    if path.suffix == ".ckpt":
        return TorchSegmenter(*load_published_convlstm(path), path.stem, sha256(path), device)
    raise EchoError(
        f"{path}: models are read from run folders, .safetensors, .onnx and .ckpt files, "
        f"not {path.suffix or 'this'}"
    )


def _run_weights(folder: Path) -> Path:
    weights = folder / "student.safetensors"
    if not weights.is_file():
        raise EchoError(
            f"{folder} holds no student.safetensors; is it a folder that `distill` wrote to the end?"
        )
    return weights
