"""From what the user names, files and folders, to the clips in them."""

from collections.abc import Sequence
from pathlib import Path

from echodfkd.errors import EchoError
from echodfkd.readers.dicom import is_dicom
from echodfkd.readers.npz import holds_video
from echodfkd.readers.registry import READERS, suffix

_NO_CLIPS = {"DICOMDIR"}
_LABEL_ENDING = "_gt"  # CAMUS keeps its masks beside the images under this ending


def find_inputs(paths: Sequence[Path]) -> list[Path]:
    """The files to read, each once: named files as they are, then folders expanded in sorted order.

    Folders are searched with their sub-folders for files of a known suffix or with DICOM's magic. Hidden
    files, CAMUS's `_gt` masks and .npz archives without `video` are passed over. A file that is named
    itself is kept whatever it looks like, so that opening it can say what is wrong.

    Raises:
        EchoError: when a path does not exist, or a folder holds no readable clip.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise EchoError(f"{path}: no such file or folder")
        clips = _clips_in(path) if path.is_dir() else [path]
        if not clips:
            raise EchoError(
                f"{path}: no readable clip in this folder ({', '.join(sorted(READERS))} or DICOM)"
            )
        found.update(dict.fromkeys(clips))
    return list(found)


def _clips_in(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if not _hidden(path.relative_to(folder)))
    return sorted(path for path in files if path.is_file() and _is_clip(path))


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _is_clip(path: Path) -> bool:
    kind = suffix(path)
    if path.name in _NO_CLIPS or path.name.removesuffix(kind).endswith(_LABEL_ENDING):
        return False
    if kind == ".npz":
        return holds_video(path)
    return kind in READERS or is_dicom(path)
