"""The files of a segmented clip, their names, and `summary.csv`."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.errors import UsageError
from echodfkd.files import atomic_path, write_json
from echodfkd.progress import Track, silent
from echodfkd.readers.base import stem
from echodfkd.segment.npz_stream import NpzWriter
from echodfkd.segment.overlay import write_mp4
from echodfkd.segment.picture import write_png
from echodfkd.segment.pipeline import Segmentation
from echodfkd.segment.result import SUMMARY_COLUMNS

SUFFIXES = (".npz", ".json", ".mp4", ".png")


def write_outputs(folder: Path, segmentation: Segmentation, track: Track = silent) -> list[Path]:
    """Write `NAME.npz`, `.json`, `.mp4` and `.png` into folder; all four appear together or none does."""
    finals = [folder / f"{segmentation.result.name}{suffix}" for suffix in SUFFIXES]
    with ExitStack() as stack:
        npz, json, mp4, png = (stack.enter_context(atomic_path(final)) for final in finals)
        write_npz(npz, segmentation)
        write_json(json, segmentation.result.to_json())
        write_mp4(mp4, segmentation, track)
        write_png(png, segmentation)
    return finals


def write_npz(path: Path, segmentation: Segmentation) -> None:
    """Write `mask` bool (T, H, W), `prob` uint8 (T, H, W) and `area_px` float (T,), block by block."""
    soft = segmentation.soft
    shape = (len(soft), *soft.source.shape)
    with NpzWriter(path) as archive:
        archive.add("mask", shape, np.bool_, soft.masks())
        archive.add("prob", shape, np.uint8, soft.prob())
        archive.add("area_px", (len(soft),), np.float64, [segmentation.result.area_px])


def output_names(paths: Sequence[Path], *, anonymous: bool = False) -> list[str]:
    """A name of its own for each input: its stem, where that is taken with its folder's name in front.

    `anonymous` numbers them instead, from clip-0001: a stem can be a patient's name.

    >>> output_names([Path("a/x.avi"), Path("b/x.avi")])
    ['x', 'b-x']
    """
    if anonymous:
        return [f"clip-{number:04d}" for number in range(1, len(paths) + 1)]
    names: dict[str, str] = {}  # by casefold: some file systems take X and x for one name
    for path in paths:
        candidates = _candidates(stem(path), path.resolve().parent.name)
        name = next(name for name in candidates if name.casefold() not in names)
        names[name.casefold()] = name
    return list(names.values())


def _candidates(own: str, parent: str) -> Iterator[str]:
    """The stem, the stem with its folder in front, then that with numbers."""
    yield own
    yield f"{parent}-{own}"
    yield from (f"{parent}-{own}-{number}" for number in count(2))


def write_summary(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `summary.csv`: a row per input, failed ones with their name and `status` "failed" only."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, SUMMARY_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def refuse_overwriting(paths: Sequence[Path], names: Sequence[str], folder: Path) -> None:
    """Check that no result would land on an input.

    Raises:
        UsageError: naming the first input that would be lost.
    """
    inputs = {path.resolve() for path in paths}
    for name in names:
        for suffix in SUFFIXES:
            if (folder / f"{name}{suffix}").resolve() in inputs:
                raise UsageError(
                    f"{name}{suffix} would overwrite its input; name another folder with --output"
                )
