"""Teachers of echodfkd, imported as `echodfkd.teachers`."""

if __name__ != "echodfkd.teachers":  # a second copy of every registry would split isinstance
    raise ImportError("import this package as 'echodfkd.teachers', not as 'teachers'")

from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from echodfkd.segmenter import Segmenter

TEACHERS: dict[str, str] = {  # name -> stem of its embedded weights
    "sim": "teacher-sim",
}


def load_teacher(
    name: str, weights: Path | None = None, device: str = "auto", kind: str = "teacher"
) -> "Segmenter":
    """The teacher of an embedded name, or any trained model: a student can teach.

    Args:
        name: a name of `TEACHERS`, an embedded student, a run folder, a .safetensors or .onnx file.
        weights: a file to take instead of the embedded one.
        device: "auto", "cpu", "cuda" or "mps".
        kind: what an error calls it: "model" where it does not teach.

    Raises:
        UsageError: for an unknown name (the choices are listed), or weights that do not exist.
        EchoError: if the file cannot be used.
    """
    from echodfkd.students.load import STUDENTS, load_student
    from echodfkd.students.runtime import load_torch
    from echodfkd.weights import embedded_path

    if weights is not None and not weights.is_file():
        raise UsageError(f"--weights {weights}: no such file")
    if name in TEACHERS:
        return load_torch(weights or embedded_path(TEACHERS[name]), device, name)
    if name not in STUDENTS and not Path(name).exists():
        raise unknown_name(kind, name, [*TEACHERS, *STUDENTS, "a run folder", "a .safetensors or .onnx file"])
    return load_student(str(weights or name), device)
