"""DICOM cines through pydicom, frame by frame. No patient tag is returned."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, get_decoder

from echodfkd.errors import EchoError
from echodfkd.readers.base import NOTHING, Given, Source, stem
from echodfkd.readers.colour import ColourWatch
from echodfkd.readers.dicom_pixels import (
    Pixels,
    frame_count,
    one_line,
    read_header,
    stored_frames,
    transfer_syntax,
)
from echodfkd.readers.dicom_tags import first_number, frame_rate, pixel_spacing
from echodfkd.readers.intensity import PEEK, Window, fit_window

SUFFIXES = (".dcm", ".dicom")
# pydicom turns YBR_FULL and YBR_FULL_422 into RGB, the JPEG 2000 decoder YBR_ICT and YBR_RCT
_READABLE = (
    "MONOCHROME1",
    "MONOCHROME2",
    "RGB",
    "PALETTE COLOR",
    *("YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"),
)


def read_dicom(path: Path, given: Given = NOTHING) -> Source:
    """Open a DICOM cine or still: uncompressed, RLE, JPEG (8 bit), JPEG 2000; more with python-gdcm.

    Grey of 8 bit is taken as stored; deeper pixels go through the file's first VOI window (PS3.3
    C.11.2), or without one through the clip's own range. MONOCHROME1 is inverted. Frame rate and spacing:
    see `echodfkd.readers.dicom_tags`.

    Raises:
        EchoError: when the file is no DICOM, has no pixels, is damaged, or cannot be decoded here.
    """
    with one_line(path):
        return _open(path, given)


def is_dicom(path: Path) -> bool:
    """True when the file has the preamble and magic of DICOM part 10, whatever its name."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _open(path: Path, given: Given) -> Source:
    header = read_header(path)
    _check_decodable(header, path)
    window, notes = _window(header, path)
    watch = ColourWatch()
    first = list(islice(watch.grey(_rgb_or_grey(path, header, window)), PEEK))
    count = frame_count(header)
    fps, rate_notes = (given.fps, ()) if given.fps else frame_rate(header)
    spacing, spacing_notes = (given.spacing_mm, ()) if given.spacing_mm else pixel_spacing(header)
    return Source(
        path=path,
        name=stem(path),
        shape=(first[0].shape[0], first[0].shape[1]),
        n_frames=count,
        fps=fps,
        spacing_mm=spacing,
        notes=notes + (rate_notes if count > 1 else ()) + spacing_notes,
        watch=watch,
        opener=lambda: watch.grey(_rgb_or_grey(path, header, window)),
    )


def _check_decodable(header: Dataset, path: Path) -> None:
    if "Rows" not in header or "Columns" not in header:
        raise EchoError(f"{path}: a DICOM without pixels (a report or a directory?)")
    photometric = str(header.get("PhotometricInterpretation", "MONOCHROME2"))
    if photometric not in _READABLE:
        raise EchoError(f"{path}: cannot convert DICOM colours of type {photometric} to grey")
    syntax = transfer_syntax(header)
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        raise EchoError(
            f"{path}: stored as {syntax.name} ({syntax}), which cannot be read: convert it, e.g. to MP4"
        ) from None
    if not available:
        raise EchoError(_needs_gdcm(path, syntax))


def _needs_gdcm(path: Path, syntax: Any) -> str:
    return (
        f"{path}: compressed as {syntax.name} ({syntax}), which this installation cannot decode: "
        "pip install python-gdcm"
    )


def _rgb_or_grey(path: Path, header: Dataset, window: Window | None) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames for display, uint8 (H, W) or RGB (H, W, 3)."""
    inverted = header.get("PhotometricInterpretation") == "MONOCHROME1"
    palette = header.get("PhotometricInterpretation") == "PALETTE COLOR"
    for stored in stored_frames(path, header):
        if palette:
            yield _eight_bit(apply_color_lut(stored, header))
            continue
        frame = stored if window is None else window.apply(stored)
        yield 255 - frame if inverted else frame


def _eight_bit(frame: Pixels) -> npt.NDArray[np.uint8]:
    return (frame >> 8).astype(np.uint8) if frame.dtype == np.uint16 else frame.astype(np.uint8, copy=False)


def _window(header: Dataset, path: Path) -> tuple[Window | None, tuple[str, ...]]:
    """How stored values become 0..255; None when they already are."""
    bits = header.get("BitsStored") or 16
    if bits == 8 or header.get("PhotometricInterpretation") == "PALETTE COLOR":
        return None, ()
    if bits < 8:
        return Window(0, 2**bits - 1), ()
    centre, width = first_number(header, "WindowCenter"), first_number(header, "WindowWidth")
    slope, intercept = first_number(header, "RescaleSlope", 1.0), first_number(header, "RescaleIntercept")
    if width <= 1 or slope <= 0:  # no window: widths below 1 are not allowed
        return fit_window(stored_frames(path, header), str(path))
    ends = (centre - 0.5 + side * (width - 1) / 2 for side in (-1, 1))
    window = Window(*((end - intercept) / slope for end in ends))
    return window, (f"{bits}-bit pixels were brought to 0..255 by the file's window {centre:g}/{width:g}.",)
