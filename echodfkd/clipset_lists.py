"""The lists of a set of ours, put together line by line, so that a set of any length fits the memory.

Lines come from the record that each new clip left, and from the lists of an earlier run that had fewer clips.
"""

import csv
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from echodfkd import filelist, tracings
from echodfkd.clipset_records import FILE_LIST, TRACINGS
from echodfkd.errors import EchoError
from echodfkd.files import atomic_path, read_json

Row = list[str]
REMEDY = "restore it, or delete both lists and run again, which makes the clips anew"


class EarlierList:
    """A list that a completed run left, read once from top to bottom; empty when there is none."""

    def __init__(self, path: Path, columns: Iterable[str]) -> None:
        self._path = path
        rows = filelist.read_csv(path, columns) if path.is_file() else iter(())
        named = ((filelist.clip_stem(row["FileName"]), list(row.values())) for row in rows)
        self._groups = groupby(named, key=lambda pair: pair[0])
        self._next()

    def take(self, name: str) -> list[Row]:
        """The clip's rows, when it is the next in the list, else none."""
        if name != self._name:
            return []
        rows = self._rows
        self._next()
        return rows

    def end(self) -> None:
        """Raises EchoError when there are rows that nobody took: somebody sorted the list anew."""
        if self._name is not None:
            raise EchoError(f"{self._path} is not in the set's order at {self._name}: {REMEDY}")

    def _next(self) -> None:
        name, group = next(self._groups, (None, ()))
        self._name, self._rows = name, [row for _, row in group]


def write_lists(root: Path, names: Iterable[str], records: Path) -> None:
    """Write FileList.csv and VolumeTracings.csv of the clips `names`, in that order, whole or not at all.

    Args:
        root: the set's folder, with the lists of its first clips where an earlier run left them.
        records: folder of NAME.json, each with `row` and `tracings`, for all other clips.

    Raises:
        EchoError: when a clip has no lines anywhere, or earlier lists are in another order.
    """
    # The file list is renamed last: a folder that has one counts as a complete set.
    with (
        atomic_path(root / FILE_LIST) as listing,
        atomic_path(root / TRACINGS) as tracing,
        listing.open("w", newline="", encoding="utf-8") as listing_stream,
        tracing.open("w", newline="", encoding="utf-8") as tracing_stream,
    ):
        listed = csv.writer(listing_stream, lineterminator="\n")
        traced = csv.writer(tracing_stream, lineterminator="\n")
        listed.writerow(filelist.COLUMNS)
        traced.writerow(tracings.COLUMNS)
        for row, chords in _lines(root, names, records):
            listed.writerow(row)
            traced.writerows(chords)


def _lines(root: Path, names: Iterable[str], records: Path) -> Iterator[tuple[Row, list[Row]]]:
    """The row of each clip in the file list, and its rows in the tracings."""
    rows = EarlierList(root / FILE_LIST, filelist.COLUMNS)
    chords = EarlierList(root / TRACINGS, tracings.COLUMNS)
    for name in names:
        row, traced, record = rows.take(name), chords.take(name), records / f"{name}.json"
        if record.is_file():
            lines = read_json(record)
            row, traced = [lines["row"]], lines["tracings"]
        if not row:
            raise EchoError(f"{root / FILE_LIST} does not hold {name} in its place: {REMEDY}")
        yield row[0], traced
    rows.end()
    chords.end()


def listed_names(root: Path) -> set[str]:
    """Names of the clips in the file list that a completed run left."""
    path = root / FILE_LIST
    rows = filelist.read_csv(path, filelist.COLUMNS) if path.is_file() else ()
    return {filelist.clip_stem(row["FileName"]) for row in rows}
