"""FileList.csv: one row per clip, EchoNet-Dynamic's columns first, then ours."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from echodfkd.clip import Clip
from echodfkd.errors import EchoError

T = TypeVar("T")

ECHONET_COLUMNS = (
    "FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split",
)  # fmt: skip
OUR_COLUMNS = ("View", "SpacingRow", "SpacingCol", "EDFrames", "ESFrames", "EF3D")
COLUMNS = (*ECHONET_COLUMNS, *OUR_COLUMNS)
SPLITS = ("TRAIN", "VAL", "TEST")
_NEEDED = ("FileName",)


@dataclass(frozen=True)
class Record:
    """What is known of a clip before its video is opened; None where the set does not say.

    Args:
        name: file stem, unique in its set. path: the video or image file.
        ef: percent. esv, edv: ml. height, width: pixels. fps: Hz. frames: their number.
        split: "TRAIN", "VAL" or "TEST". view: "a4c" or "a2c". spacing: (row, column) in mm.
        ed_frames, es_frames: 0-based, ascending. ef_3d: EF of the volume itself, percent.
    """

    name: str
    path: Path
    ef: float | None = None
    esv: float | None = None
    edv: float | None = None
    height: int | None = None
    width: int | None = None
    fps: float | None = None
    frames: int | None = None
    split: str | None = None
    view: str | None = None
    spacing: tuple[float, float] | None = None
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()
    ef_3d: float | None = None


def row_of(clip: Clip, split: str) -> list[str]:
    """The clip's row in the order of `COLUMNS`; unknown values stay empty."""
    row_mm, column_mm = clip.spacing_mm or (None, None)
    numbers = (clip.ef, clip.esv_ml, clip.edv_ml, *clip.frames.shape[1:], clip.fps, len(clip))
    return [
        clip.name,
        *map(_number, numbers),
        split,
        clip.view or "",
        _number(row_mm),
        _number(column_mm),
        ";".join(map(str, clip.ed_frames)),
        ";".join(map(str, clip.es_frames)),
        _number(clip.ef_3d),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Header and rows as CSV with Unix line ends."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


def read_csv(path: Path, needed: Iterable[str]) -> Iterator[dict[str, str]]:
    """Rows of a CSV file as dicts, one at a time.

    Raises:
        EchoError: when it is no CSV text, a needed column is missing, or a row is shorter than the header.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            header = reader.fieldnames or ()
            missing = [column for column in needed if column not in header]
            if missing:
                raise EchoError(f"{path} lacks the column {', '.join(missing)}")
            for number, row in enumerate(reader, start=2):
                if None in row.values():
                    raise EchoError(f"{path}, row {number}: fewer fields than the header has")
                yield row
    except (UnicodeDecodeError, csv.Error) as error:
        raise EchoError(f"{path} is not readable as CSV text ({error})") from error


def read_file_list(path: Path, find_video: Callable[[str], Path]) -> list[Record]:
    """Records of a FileList.csv, ours or EchoNet-Dynamic's own, in its order.

    Args:
        path: the CSV file.
        find_video: the video of a clip's name.

    Raises:
        EchoError: when the column FileName is missing, a value is unreadable, or a name stands twice.
    """
    records = []
    for number, row in enumerate(read_csv(path, _NEEDED), start=2):
        try:
            records.append(_record(row, find_video))
        except ValueError as error:
            raise EchoError(f"{path}, row {number}: {error}") from error
    names = [record.name for record in records]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise EchoError(f"{path} names the clip {twice!r} twice")
    return records


def _record(row: dict[str, str], find_video: Callable[[str], Path]) -> Record:
    name = clip_stem(row["FileName"])
    row_mm, column_mm = _value(row, "SpacingRow", float), _value(row, "SpacingCol", float)
    return Record(
        name=name,
        path=find_video(name),
        ef=_value(row, "EF", float),
        esv=_value(row, "ESV", float),
        edv=_value(row, "EDV", float),
        height=_value(row, "FrameHeight", _whole),
        width=_value(row, "FrameWidth", _whole),
        fps=_value(row, "FPS", float),
        frames=_value(row, "NumberOfFrames", _whole),
        split=_value(row, "Split", _split),
        view=_value(row, "View", str),
        spacing=None if row_mm is None or column_mm is None else (row_mm, column_mm),
        ed_frames=_value(row, "EDFrames", _indices) or (),
        es_frames=_value(row, "ESFrames", _indices) or (),
        ef_3d=_value(row, "EF3D", float),
    )


def clip_stem(file_name: str) -> str:
    """The clip's name, whether the file name carries the suffix .avi or not."""
    return file_name[:-4] if file_name.lower().endswith(".avi") else file_name


def _value(row: dict[str, str], column: str, convert: Callable[[str], T]) -> T | None:
    text = row.get(column, "").strip()
    if text.lower() in ("", "nan", "none"):
        return None
    try:
        return convert(text)
    except ValueError as error:
        raise ValueError(f"{column} is {text!r}, which is not readable") from error


def _whole(text: str) -> int:
    value = float(text)  # pandas writes whole numbers as 112.0 where a column has gaps
    if value != int(value):
        raise ValueError
    return int(value)


def _split(text: str) -> str:
    if text.upper() not in SPLITS:
        raise ValueError
    return text.upper()


def _indices(text: str) -> tuple[int, ...]:
    return tuple(int(index) for index in text.split(";"))
