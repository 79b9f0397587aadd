"""Finds the clips of a folder: those that a FileList.csv names, or else every video and cine."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from echodfkd.errors import EchoError
from echodfkd.filelist import Record, read_file_list
from echodfkd.files import TEMPORARY
from echodfkd.tracings import Tracing, read_tracings

FILE_LIST, TRACINGS, MANIFEST = "FileList.csv", "VolumeTracings.csv", "manifest.json"
VIDEOS, MASKS, LABELS = "Videos", "Masks", "Labels"


def listed_records(root: Path) -> list[Record]:
    """Records of a set with a FileList.csv; ED and ES from the tracings where the list has none.

    Raises:
        EchoError: when the lists are unreadable or name a video that is missing.
    """
    records = read_file_list(root / FILE_LIST, _video_finder(root / VIDEOS))
    if any(record.ed_frames or record.es_frames for record in records):
        return records
    if not (root / TRACINGS).is_file():
        return records
    tracings = read_tracings(root / TRACINGS)
    return [_with_traced_events(record, tracings.get(record.name, ())) for record in records]


def _with_traced_events(record: Record, tracings: tuple[Tracing, ...]) -> Record:
    """Sources disagree on which of EchoNet-Dynamic's traced frames is ED: the larger polygon decides."""
    if len(tracings) < 2:
        return record
    return replace(record, ed_frames=(tracings[-1].frame,), es_frames=(tracings[0].frame,))


def _video_finder(folder: Path) -> Callable[[str], Path]:
    """A function from clip names to videos in `folder`, listed once."""
    # Last wins: a clip's .avi before anything else of that name, such as results that were written beside it.
    paths = (
        sorted(folder.iterdir(), key=lambda path: path.suffix.lower() == ".avi") if folder.is_dir() else ()
    )
    videos = {path.stem: path for path in paths if not path.name.startswith(TEMPORARY)}

    def find(name: str) -> Path:
        if name not in videos:
            raise EchoError(f"{folder / name}.avi is missing, though {FILE_LIST} names it")
        return videos[name]

    return find


def file_records(root: Path) -> list[Record]:
    """Records of a folder of videos and cines, of which no more is known than the file's name.

    Where two files share a stem, each gets its folder's name in front.

    Raises:
        EchoError: when there is no clip, or names stay the same all the same.
    """
    from echodfkd.readers import find_inputs
    from echodfkd.readers.base import stem

    paths = find_inputs([root])
    stems = Counter(map(stem, paths))
    names = [stem(path) if stems[stem(path)] == 1 else f"{path.parent.name}-{stem(path)}" for path in paths]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise EchoError(f"{root} holds {times} inputs named {name!r}: rename them")
    return [Record(name, path) for name, path in zip(names, paths, strict=True)]
