"""Soft labels: a teacher looks at every clip of a set once, and what it sees is kept beside the set."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from echodfkd.clip import Frames
from echodfkd.clipset import ClipSet
from echodfkd.corrupt import problem_of, stop_if_too_many
from echodfkd.errors import EchoError
from echodfkd.filelist import Record
from echodfkd.files import remove_leftovers, write_npz
from echodfkd.progress import Track, silent
from echodfkd.ranks import ALONE, Ranks
from echodfkd.sector import clip_sector, crop, uncrop
from echodfkd.segmenter import Prob, Segmenter
from echodfkd.teachers.label_file import is_labelled, label_path
from echodfkd.teachers.label_manifest import LabelManifest
from echodfkd.teachers.threads import clip_threads, clips_at_a_time, in_order


@runtime_checkable
class Disagreeing(Protocol):
    """A teacher of several networks, which also knows how far they disagree."""

    def predict_with_disagreement(self, frames: Frames) -> tuple[Prob, Prob]:
        """LV probability and its spread, both uint8 (T, size, size), of grey frames uint8 (T, size, size)."""
        ...


@dataclass(frozen=True)
class Labelled:
    """What a run did.

    Attributes:
        folder: where the labels are. made: clips labelled by this run, all ranks together. skipped: those
            that had their label. corrupt: names of unreadable clips. seconds: how long it took.
    """

    folder: Path
    made: int
    skipped: int
    corrupt: tuple[str, ...]
    seconds: float


def label_clip_set(
    data: ClipSet, teacher: Segmenter, *, ranks: Ranks = ALONE, track: Track = silent
) -> Labelled:
    """Write `prob` uint8 (T, H, W) of every clip, at the clip's own resolution, to Labels/NAME-DIGEST/.

    A teacher that is `Disagreeing` adds `spread` uint8 (T, H, W). Each core has a clip of its own, so that
    one is decoded or written while the teacher looks at others; `teacher.predict` is called from threads.
    Clips that already have their label are skipped, so a killed run is taken up by running it again; a label
    that does not fit its clip is made anew. Unreadable clips are skipped and listed in the manifest; one is
    always forgiven, more only up to 1% of the set.

    Args:
        data: the set; its folder must be writable.
        teacher: what labels it.
        ranks: this process among those that label the set together; the main one writes the manifest.
        track: shows progress.

    Raises:
        EchoError: when too many clips are unreadable, none could be labelled, the folder holds labels of
            other weights, the teacher's masks do not fit the frames, or the disk is full.
    """
    start = time.perf_counter()
    folder = data.labels_folder(teacher.name, teacher.digest)
    manifest = ranks.on_main(lambda: _begin(data, teacher, folder))
    missing = _missing(data, folder, ranks)
    if missing and ranks.main:
        manifest.begin()
    records = [data.records[index] for index in ranks.mine(missing)]
    found = _label_all(data, records, teacher, folder, ranks, track)
    corrupt = {name: problem for share in ranks.gather(found) for name, problem in share.items()}
    corrupt = {record.name: corrupt[record.name] for record in data.records if record.name in corrupt}
    seconds = time.perf_counter() - start
    made, skipped = len(missing) - len(corrupt), len(data) - len(missing)
    if made + skipped == 0:
        raise EchoError(f"none of the {len(data)} clips of {data.root} could be read: {_first(corrupt)}")
    if missing and ranks.main:
        manifest.end(made + skipped, corrupt, seconds)
    return Labelled(folder, made, skipped, tuple(corrupt), seconds)


def _begin(data: ClipSet, teacher: Segmenter, folder: Path) -> LabelManifest:
    """Check and clean the folder."""
    manifest = LabelManifest(folder, teacher, len(data), spread=isinstance(teacher, Disagreeing))
    remove_leftovers(folder)
    return manifest


def _missing(data: ClipSet, folder: Path, ranks: Ranks) -> list[int]:
    """Numbers of the clips without a label; each rank looks through its share, and all hear of all."""
    share = [i for i in ranks.mine(range(len(data))) if not is_labelled(folder, data.records[i])]
    return sorted(index for shares in ranks.gather(share) for index in shares)


def _label_all(
    data: ClipSet, records: list[Record], teacher: Segmenter, folder: Path, ranks: Ranks, track: Track
) -> dict[str, str]:
    """Label clips, some at a time; returns what is wrong with each unreadable one, by name."""
    corrupt: dict[str, str] = {}
    at_a_time = clips_at_a_time(len(records), getattr(teacher, "device", None))
    with clip_threads(at_a_time) as pool:
        asked = in_order(pool, lambda record: _label(data, record, teacher, folder), records, at_a_time)
        for record, done in track(asked, ranks.says("labels"), len(records)):
            problem = done.result()
            if problem is not None:
                corrupt[record.name] = problem
                everywhere = ranks.total(f"unreadable for {folder.name}", len(corrupt))
                stop_if_too_many(everywhere, len(data), data.root, _first(corrupt))
    return corrupt


def _label(data: ClipSet, record: Record, teacher: Segmenter, folder: Path) -> str | None:
    """Label one clip; returns what is wrong with it when it is unreadable."""
    try:
        frames = data.load(record, masks=False).frames
    except EchoError as error:
        return problem_of(record, error)
    squares, back = _squares(frames, teacher.size)
    seen = _seen(squares, teacher, record)
    write_npz(label_path(folder, record), **{name: back(array) for name, array in seen.items()})
    return None


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
    squares, back = _squares(frames, teacher.size)
    prob = teacher.predict(squares)
    return prob, back(prob)


def _squares(frames: Frames, size: int) -> tuple[Frames, Callable[[Prob], Prob]]:
    """What a teacher looks at, uint8 (T, size, size), and how to lay such squares back onto the frames."""
    sector = clip_sector(frames)
    shape = (frames.shape[1], frames.shape[2])
    return crop(frames, sector, size), lambda squares: uncrop(squares, sector, shape)


def _seen(squares: Frames, teacher: Segmenter, record: Record) -> dict[str, Prob]:
    """What the teacher makes of a clip, all of it uint8 (T, S, S) as the squares are."""
    if isinstance(teacher, Disagreeing):
        prob, spread = teacher.predict_with_disagreement(squares)
        seen = {"prob": prob, "spread": spread}
    else:
        seen = {"prob": teacher.predict(squares)}
    for name, array in seen.items():
        if array.shape != squares.shape or array.dtype != squares.dtype:
            got, need = f"{array.dtype} {array.shape}", f"{squares.dtype} {squares.shape}"
            raise EchoError(f"{teacher.name} gave `{name}` of {got} for {record.name}, which needs {need}")
    return seen


def _first(corrupt: dict[str, str]) -> str:
    return next(iter(corrupt.values()), "it is empty")
