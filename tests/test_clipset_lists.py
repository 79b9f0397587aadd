from pathlib import Path

import pytest

from echodfkd import filelist, tracings
from echodfkd.clipset_lists import listed_names, write_lists
from echodfkd.errors import EchoError
from echodfkd.files import write_json

RECORDS = ".records"


def record(root: Path, name: str, chords: int = 2) -> None:
    row = [name, *("1" for _ in filelist.COLUMNS[1:])]
    lines = {"row": row, "tracings": [[f"{name}.avi", "1", "2", "3", "4", str(k)] for k in range(chords)]}
    write_json(root / RECORDS / f"{name}.json", lines)


def lists(root: Path) -> list[list[str]]:
    """First column of both lists, without their headers."""
    texts = [(root / name).read_text().splitlines()[1:] for name in ("FileList.csv", "VolumeTracings.csv")]
    return [[line.split(",")[0] for line in text] for text in texts]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A set of two clips, of which the first has no tracings, whose records are gone; a third with one."""
    for name, chords in (("a", 0), ("b", 2), ("c", 1)):
        record(tmp_path, name, chords)
    write_lists(tmp_path, ["a", "b"], tmp_path / RECORDS)
    for name in "ab":
        (tmp_path / RECORDS / f"{name}.json").unlink()
    return tmp_path


def test_headers_and_order(root: Path) -> None:
    assert (root / "FileList.csv").read_text().splitlines()[0] == ",".join(filelist.COLUMNS)
    assert (root / "VolumeTracings.csv").read_text().splitlines()[0] == ",".join(tracings.COLUMNS)
    assert lists(root) == [["a", "b"], ["b.avi", "b.avi"]]
    assert listed_names(root) == {"a", "b"}
    assert listed_names(root / "elsewhere") == set()


def test_earlier_lists_and_new_records_make_longer_lists(root: Path) -> None:
    write_lists(root, ["a", "b", "c"], root / RECORDS)
    assert lists(root) == [["a", "b", "c"], ["b.avi", "b.avi", "c.avi"]]


def test_record_wins_over_an_earlier_line(root: Path) -> None:
    record(root, "b", chords=1)
    write_lists(root, ["a", "b", "c"], root / RECORDS)
    assert lists(root) == [["a", "b", "c"], ["b.avi", "c.avi"]]


def test_lists_that_somebody_sorted_are_refused_and_stay(root: Path) -> None:
    header, *lines = (root / "FileList.csv").read_text().splitlines()
    text = "\n".join([header, *reversed(lines)]) + "\n"
    (root / "FileList.csv").write_text(text)
    with pytest.raises(EchoError, match=r"FileList.csv does not hold a in its place: restore it, or delete"):
        write_lists(root, ["a", "b", "c"], root / RECORDS)
    assert (root / "FileList.csv").read_text() == text


def test_tracings_in_another_order_are_refused(root: Path) -> None:
    with (root / "VolumeTracings.csv").open("a") as stream:
        stream.write("a.avi,1,2,3,4,0\n")
    with pytest.raises(EchoError, match=r"VolumeTracings.csv is not in the set's order at a: restore it"):
        write_lists(root, ["a", "b", "c"], root / RECORDS)
