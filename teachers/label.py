"""Soft labels: a teacher looks at every clip of a set once, and what it sees is kept beside the set."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from echodfkd.clip import Frames
from echodfkd.clipset import ClipSet
from echodfkd.clipset_records import MANIFEST
from echodfkd.clipset_writer import software_versions
from echodfkd.errors import EchoError
from echodfkd.filelist import Record
from echodfkd.files import read_json, remove_leftovers, write_json, write_npz
from echodfkd.progress import Track, silent
from echodfkd.sector import clip_sector, crop, uncrop
from echodfkd.segmenter import Prob, Segmenter

T = TypeVar("T")
R = TypeVar("R")

FORMAT = "echodfkd labels"
AHEAD = 2  # clips decoded while the teacher looks at another
CORRUPT_SHARE = 0.01  # more corrupt clips than this share of the set stop the run


@dataclass(frozen=True)
class Labelled:
    """What a run did.

    Attributes:
        folder: where the labels are. made: clips labelled by this run. skipped: those that had their label.
        corrupt: names of unreadable clips. seconds: how long it took.
    """

    folder: Path
    made: int
    skipped: int
    corrupt: tuple[str, ...]
    seconds: float


def label_clip_set(data: ClipSet, teacher: Segmenter, *, track: Track = silent) -> Labelled:
    """Write `prob` uint8 (T, H, W) of every clip, at the clip's own resolution, to Labels/NAME-DIGEST/.

    Clips that already have their label are skipped, so a killed run is taken up by running it again.
    Unreadable clips are skipped and listed in the manifest; one is always forgiven, more only up to 1%
    of the set.

    Args:
        data: the set; its folder must be writable.
        teacher: what labels it.
        track: shows progress.

    Raises:
        EchoError: when too many clips are unreadable, none could be labelled, or the disk is full.
    """
    start = time.perf_counter()
    folder = data.labels_folder(teacher.name, teacher.digest)
    earlier = _earlier_manifest(folder, teacher)
    remove_leftovers(folder)
    missing = [record for record in data.records if not (folder / f"{record.name}.npz").is_file()]
    skipped = len(data) - len(missing)
    if missing:
        write_json(folder / MANIFEST, _manifest(data, teacher, earlier) | {"complete": False})
    corrupt = _label_all(data, missing, teacher, folder, track)
    seconds = time.perf_counter() - start
    done = Labelled(folder, len(missing) - len(corrupt), skipped, tuple(corrupt), seconds)
    if done.made + skipped == 0:
        raise EchoError(f"none of the {len(data)} clips of {data.root} could be read: {_first(corrupt)}")
    if missing:
        write_json(folder / MANIFEST, _manifest(data, teacher, earlier) | _outcome(done, corrupt, earlier))
    return done


def _label_all(
    data: ClipSet, records: list[Record], teacher: Segmenter, folder: Path, track: Track
) -> dict[str, str]:
    """Label clips one after the other; returns what is wrong with each unreadable one, by name."""
    corrupt: dict[str, str] = {}
    decoded = prefetch(lambda record: data.load(record, masks=False), records, AHEAD)
    for record, clip in track(decoded, "labels", len(records)):
        try:
            frames = clip.result().frames
        except EchoError as error:
            corrupt[record.name] = str(error).replace(str(record.path), record.path.name)
            _stop_if_too_many(corrupt, data)
            continue
        write_npz(folder / f"{record.name}.npz", prob=soft_label(frames, teacher))
    return corrupt


def soft_label(frames: Frames, teacher: Segmenter) -> Prob:
    """LV probability at the frames' own resolution.

    Args:
        frames: uint8 (T, H, W), grey 0..255.
        teacher: works on squares of its own size; frames that are not square are cut to their sector first.

    Returns:
        uint8 (T, H, W), 255 = certain.
    """
    return soft_squares(frames, teacher)[1]


def soft_squares(frames: Frames, teacher: Segmenter) -> tuple[Prob, Prob]:
    """LV probability on the teacher's squares, uint8 (T, S, S), and laid back, as `soft_label` gives it."""
    sector = clip_sector(frames)
    squares = teacher.predict(crop(frames, sector, teacher.size))
    return squares, uncrop(squares, sector, (frames.shape[1], frames.shape[2]))


def prefetch(function: Callable[[T], R], items: Iterable[T], ahead: int) -> Iterator[tuple[T, "Future[R]"]]:
    """Yield (item, future of function(item)) in order while a thread works up to `ahead` items further.

    >>> [future.result() for _, future in prefetch(abs, [-1, -2, 3], ahead=2)]
    [1, 2, 3]
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting: deque[tuple[T, Future[R]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) > ahead:
                yield waiting.popleft()
        yield from waiting


def _stop_if_too_many(corrupt: dict[str, str], data: ClipSet) -> None:
    if len(corrupt) > max(1, int(CORRUPT_SHARE * len(data))):
        raise EchoError(
            f"over 1% of the {len(data)} clips of {data.root} are unreadable, the first: {_first(corrupt)}"
        )


def _first(corrupt: dict[str, str]) -> str:
    return next(iter(corrupt.values()), "it is empty")


def _earlier_manifest(folder: Path, teacher: Segmenter) -> dict[str, Any]:
    """The manifest of an earlier run with the very same weights; empty when there was none."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    earlier = dict(read_json(path))
    if earlier.get("teacher_sha256") != teacher.digest:
        raise EchoError(f"{folder} holds labels of other weights: move it away and run again")
    return earlier


def _manifest(data: ClipSet, teacher: Segmenter, earlier: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "teacher": teacher.name,
        "teacher_sha256": teacher.digest,
        "claim": teacher.claim,
        "convention": teacher.convention,
        "size": teacher.size,
        "clips": len(data),
        "software": software_versions(),
        "wall_time_s": earlier.get("wall_time_s", 0.0),
    }


def _outcome(done: Labelled, corrupt: dict[str, str], earlier: dict[str, Any]) -> dict[str, Any]:
    return {
        "complete": True,
        "labelled": done.made + done.skipped,
        "corrupt": corrupt,
        "wall_time_s": round(earlier.get("wall_time_s", 0.0) + done.seconds, 3),
    }
