"""Pictures with captions: DiffEcho's metadata.csv (`image,conditioning_image,text`), and stills of clip sets.

Both are clip sets of one frame a clip to whoever learns from them. Greys of masks are class codes
(0, 85, 170, 255): a picture of them is read and written as it is, never stretched to its own range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Clip, Label, Mask
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.filelist import Record, csv_text, read_csv
from echodfkd.files import write_bytes, write_text
from echodfkd.labels import SCHEMES, detect_scheme, fitting_schemes, to_ours
from echodfkd.synth.diffecho.words import Said, overheard, size_of
from echodfkd.synth.masks.stored import open_stored

COLUMNS = ("image", "conditioning_image", "text")
FILE = "metadata.csv"
SCHEME = "diffecho"
GREYS = {label: value for value, label in SCHEMES[SCHEME].classes.items()}


@dataclass(frozen=True)
class Caption:
    """A row of a caption file; `mask` is None where it has none."""

    image: Path
    text: str
    mask: Path | None = None


def read_captions(path: Path) -> list[Caption]:
    """The rows of a caption file. Pictures are looked for from the file's folder, or from here.

    Raises:
        EchoError: when it is no such file, holds nothing, or a text is missing.
    """
    rows = [*read_csv(path, ("image", "text"))]
    if not rows or not all(row["text"].strip() for row in rows):
        raise EchoError(f"{path} {'has a row without text' if rows else 'holds no caption'}")

    def place(name: str) -> Path:
        return path.parent / name if (path.parent / name).exists() else Path(name)

    return [
        Caption(
            place(row["image"]),
            row["text"].strip(),
            place(row["conditioning_image"]) if row.get("conditioning_image") else None,
        )
        for row in rows
    ]


def write_captions(path: Path, captions: Sequence[Caption]) -> None:
    """Write a caption file, its paths from the file's folder where they lie below it."""

    def told(one: Path | None) -> str:
        below = one is not None and one.is_relative_to(path.parent)
        return "" if one is None else (one.relative_to(path.parent) if below else one).as_posix()

    rows = [(told(one.image), told(one.mask), one.text) for one in captions]
    write_text(path, csv_text(COLUMNS, rows))


def greys(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Masks of `Label` as the paper's greys, of any shape: 0, 85 LV, 170 wall, 255 LA; no right heart."""
    table = np.zeros(max(Label) + 1, np.uint8)
    table[[*GREYS]] = [*GREYS.values()]
    return np.asarray(table[mask])


@dataclass(frozen=True)
class CaptionSet(ClipSet):
    """The pictures of a caption file as clips of one frame.

    Args:
        captions: by the name of the clip.
    """

    captions: Mapping[str, Caption]

    @classmethod
    def read(cls, path: Path) -> "CaptionSet":
        """Of a caption file; opens no picture. Raises EchoError as `read_captions`, and for an absent one."""
        rows = read_captions(path)
        names = {f"{number:06d}-{row.image.stem}": row for number, row in enumerate(rows)}
        files = [file for row in rows for file in (row.image, row.mask) if file is not None]
        absent = next((file for file in files if not file.is_file()), None)
        if absent is not None:
            raise EchoError(f"{absent} is missing, though {path} names it")
        return cls(path, [Record(name, row.image, frames=1) for name, row in names.items()], names)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Empty: nobody knows what made it."""
        return {}

    def load(self, which: Record | str | int, *, masks: bool = True) -> Clip:
        """A clip of one frame: its view, phase and EF are what its text says."""
        record = self._resolve(which)
        row = self.captions[record.name]
        frames = _grey_picture(row.image)[None]
        heard = overheard(row.text)
        mask = _mask_picture(row.mask) if masks and row.mask else None
        if mask is not None and mask.shape != frames.shape:
            raise EchoError(f"{row.mask} has another size than {row.image}")
        return Clip(frames, None, record.name, mask=mask, view=heard.view, ef=heard.ef, **events(heard.phase))

    def said(self, name: str) -> Said:
        """What a clip's text says, as far as it is understood."""
        return overheard(self.captions[name].text)


@dataclass(frozen=True)
class EventStills(ClipSet):
    """The stills of a clip set: ED and ES of each clip's first beat, or its middle where none is known.

    Args:
        source: the set. moments: for the name of each still its clip, frame and phase ("ed", "es" or "").
    """

    source: ClipSet
    moments: Mapping[str, tuple[Record, int, str]]

    @classmethod
    def of(cls, source: ClipSet) -> "EventStills":
        """Of a set; opens no clip but those whose length the set does not say."""
        found = {
            f"{record.name}@{frame}{phase}": (record, frame, phase)
            for record in source.records
            for frame, phase in _moments(source, record)
        }
        records = [replace(r, name=name, frames=1, **events(phase)) for name, (r, _, phase) in found.items()]
        return cls(source.root, records, source, found)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The set's, which these stills are of."""
        return self.source.manifest

    def load(self, which: Record | str | int, *, masks: bool = True) -> Clip:
        """A clip of one frame."""
        name = self._resolve(which).name
        record, frame, phase = self.moments[name]
        clip = self.source.load(record, masks=masks)
        mask = None if clip.mask is None else clip.mask[frame : frame + 1]
        return clip.with_(name=name, frames=clip.frames[frame : frame + 1], mask=mask, **events(phase))

    def said(self, name: str) -> Said:
        """What the set knows of a still."""
        record, _, phase = self.moments[name]
        return Said(record.view, phase or None, record.ef, size_of(record.edv))


def events(phase: str | None) -> dict[str, Any]:
    """ED and ES frames of a clip of one frame of this phase, "ed", "es" or something else."""
    return {"ed_frames": (0,) if phase == "ed" else (), "es_frames": (0,) if phase == "es" else ()}


def phase_of(clip: Clip | Record) -> str | None:
    """The phase that a clip of one frame shows, where it is known."""
    return "ed" if clip.ed_frames else "es" if clip.es_frames else None


def open_stills(path: Path, _: object = None) -> CaptionSet | EventStills:
    """What DATA means: a caption file, a folder with one, or anything that is a clip set.

    Raises:
        UsageError: when there is no such thing. EchoError: when it cannot be read.
    """
    if (path / FILE).is_file():
        return CaptionSet.read(path / FILE)
    if path.suffix.lower() == ".csv":
        if not path.is_file():
            raise UsageError(f"no such file: {path}")
        return CaptionSet.read(path)
    return EventStills.of(ClipSet.open(path))


def write_stills(stills: EventStills, output: Path, texts: Mapping[str, str]) -> None:
    """Write stills as pictures, masks and a caption file, for DiffEcho's and diffusers' own scripts.

    Args:
        output: folder; gets `metadata.csv`, `images/` and, where there are masks, `masks/`.
        texts: by the name of the still.

    Raises:
        UsageError: when `output` holds something.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} is not empty; choose another folder")
    rows = []
    for record in stills.records:
        clip, mask = stills.load(record), None
        image = output / "images" / f"{record.name}.png"
        write_bytes(image, _png(clip.frames[0]))
        if clip.mask is not None:
            mask = output / "masks" / f"{record.name}.png"
            write_bytes(mask, _png(greys(clip.mask[0])))
        rows.append(Caption(image, texts[record.name], mask))
    write_captions(output / FILE, rows)


def _moments(source: ClipSet, record: Record) -> list[tuple[int, str]]:
    beat = [
        (frames[0], phase) for frames, phase in ((record.ed_frames, "ed"), (record.es_frames, "es")) if frames
    ]
    if beat:
        return beat
    count = record.frames or len(source.load(record, masks=False))
    return [(count // 2, "")]


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1])


def _grey_picture(path: Path) -> npt.NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise EchoError(f"{path} is not a readable picture")
    return np.asarray(picture, np.uint8)


def _mask_picture(path: Path) -> Mask:
    try:
        labels = open_stored(path).labels  # a map of LA alone has the greys of one of LV alone: ours first
        return to_ours(labels, SCHEME if SCHEME in fitting_schemes(labels) else detect_scheme(labels))
    except EchoError as error:
        raise EchoError(f"{path}: {error}") from error
