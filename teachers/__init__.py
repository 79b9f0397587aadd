"""Teachers of echodfkd, imported as `echodfkd.teachers`."""

if __name__ != "echodfkd.teachers":  # a second copy of every registry would split isinstance
    raise ImportError("import this package as 'echodfkd.teachers', not as 'teachers'")

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.errors import EchoError, UsageError, unknown_name

if TYPE_CHECKING:
    from echodfkd.segmenter import Segmenter


def _echonet(weights: Path | None, device: str) -> "Segmenter":
    from echodfkd.teachers.echonet import load_echonet

    return load_echonet(weights, device)


def _ours_or_checkpoint(path: Path, device: str) -> "Segmenter":
    from echodfkd.teachers.own import is_ours, load_own

    return load_own(path, device) if is_ours(path) else _checkpoint(path, device)


def _checkpoint(path: Path, device: str) -> "Segmenter":
    from echodfkd.teachers.checkpoint import load_checkpoint

    return load_checkpoint(path, device)


def _lightning(path: Path, device: str) -> "Segmenter":
    from echodfkd.students.load import load_student
    from echodfkd.students.published import is_published_convlstm

    return load_student(str(path), device) if is_published_convlstm(path) else _checkpoint(path, device)


def _onnx(path: Path, device: str) -> "Segmenter":
    from echodfkd.students.onnx_segmenter import OURS, OnnxSegmenter, metadata, open_session

    if metadata(open_session(path)).keys() >= OURS:  # runs without torch
        return OnnxSegmenter(path)
    from echodfkd.teachers.onnx_file import load_onnx

    return load_onnx(path)


def _pt2(path: Path, device: str) -> "Segmenter":
    from echodfkd.teachers.pt2_file import load_pt2

    return load_pt2(path, device)


TEACHERS: dict[str, str] = {  # name -> stem of its embedded weights
    "sim": "teacher-sim",
}
PUBLISHED: dict[str, Callable[[Path | None, str], "Segmenter"]] = {  # name -> loads a file the user fetched
    "echonet-deeplabv3": _echonet,
}
FILES: dict[str, Callable[[Path, str], "Segmenter"]] = {  # suffix -> loads such a file
    ".safetensors": _ours_or_checkpoint,
    ".pt": _checkpoint,
    ".pth": _checkpoint,
    ".ckpt": _lightning,
    ".onnx": _onnx,
    ".pt2": _pt2,
}


def load_teacher(
    name: str, weights: Path | None = None, device: str = "auto", kind: str = "teacher"
) -> "Segmenter":
    """The teacher of a name, or any model: a student can teach, and so can a network from elsewhere.

    What had to be guessed about a network is in its `remarks`, where it has that attribute.

    Args:
        name: a name of `TEACHERS`, `PUBLISHED` or the embedded students; a run folder; a file of `FILES`, by
            its path or by its stem in the model folder; a hub repository ("hf:OWNER/NAME"); or several of
            these with "+" between, see `load_teachers`.
        weights: a file to take instead of the named one.
        device: "auto", "cpu", "cuda" or "mps".
        kind: what an error calls it: "model" where it does not teach.

    Raises:
        UsageError: for an unknown name (the choices are listed), or weights that do not exist.
        EchoError: if the file cannot be used.
    """
    from echodfkd.teachers.names import members
    from echodfkd.weights import embedded_path

    if weights is None and Path(name).suffix == ".onnx" and (file := _found(name)):
        return load_file(file, device)  # before torch is imported
    from echodfkd.students.load import STUDENTS, load_student
    from echodfkd.students.runtime import load_torch

    if weights is not None and not weights.is_file():
        raise UsageError(f"--weights {weights}: no such file")
    if name in TEACHERS:
        return load_torch(weights or embedded_path(TEACHERS[name]), device, name)
    if name in PUBLISHED:
        return PUBLISHED[name](weights, device)
    if weights is not None and (name in STUDENTS or Path(name).exists()):
        return load_file(weights, device)
    if name in STUDENTS:
        return load_student(name, device)
    if found := _found(name):
        return load_file(found, device)
    if weights is None and members(name, _known) != [(name, 1.0)]:
        return load_teachers([name], device, kind)
    return _from_hub(name, device, kind)


def load_teachers(names: Sequence[str], device: str = "auto", kind: str = "teacher") -> "Segmenter":
    """Several teachers as one, an `Ensemble`; a single name is that teacher itself.

    Args:
        names: see `load_teacher`; each may be several, "A*2+B", where A counts twice. What exists under a
            name with "+" or "*" in it is taken as it is.
        device, kind: as for `load_teacher`.

    Raises:
        UsageError: for an unknown name, or a weight that is not positive or of a teacher alone.
        EchoError: if a file cannot be used.
    """
    from echodfkd.teachers.ensemble import Ensemble
    from echodfkd.teachers.names import members

    found = [member for name in names for member in members(name, _known)]
    if len(found) > 1:
        loaded = [load_teacher(name, device=device, kind=kind) for name, _ in found]
        return Ensemble(loaded, [weight for _, weight in found])
    if not found:
        raise UsageError(f"name at least one {kind}")
    if found != [(names[0], 1.0)]:
        raise UsageError(f"{names[0]!r}: a weight is for several together, as in {names[0]}+OTHER")
    return load_teacher(names[0], device=device, kind=kind)


def load_file(path: Path, device: str) -> "Segmenter":
    """The model in a run folder, a folder of the hub's layout, or a file of `FILES`.

    Raises:
        EchoError: if it cannot be used; the line says what is read instead.
    """
    if path.is_dir():
        from echodfkd.students.load import load_student
        from echodfkd.teachers.hub import is_folder_of_weights, load_folder

        return load_folder(path, device) if is_folder_of_weights(path) else load_student(str(path), device)
    if path.suffix in FILES:
        return FILES[path.suffix](path, device)
    beside = [path.with_suffix(suffix).name for suffix in FILES if path.with_suffix(suffix).is_file()]
    hint = f"; did you mean {beside[0]}?" if beside else ""
    raise EchoError(f"{path}: models are read from run folders and {', '.join(FILES)} files{hint}")


def _found(name: str) -> Path | None:
    """The path of that name, else the file of that stem in the model folder."""
    from echodfkd.home import model_folder

    if Path(name).exists():
        return Path(name)
    stem = model_folder() / Path(name).name
    files = [stem.with_name(f"{stem.name}{suffix}") for suffix in ("", *FILES)]
    return next((file for file in files if file.is_file()), None) if stem.name == name else None


def _known(name: str) -> bool:
    return _found(name) is not None


def _from_hub(name: str, device: str, kind: str) -> "Segmenter":
    from echodfkd.hub import is_repository
    from echodfkd.students.load import STUDENTS
    from echodfkd.teachers.hub import load_repository

    if not is_repository(name):
        paths = ["a run folder", f"a file ({', '.join(FILES)})", "a hub repository (hf:OWNER/NAME)"]
        raise unknown_name(kind, name, [*TEACHERS, *PUBLISHED, *STUDENTS, *paths])
    return load_repository(name, device)
