"""DICOM cines through pydicom, frame by frame. No patient tag is read, let alone returned."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels import apply_color_lut, get_decoder, iter_pixels
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from echodfkd.errors import EchoError
from echodfkd.readers.base import NOTHING, Given, Source, stem
from echodfkd.readers.dicom_tags import first_number, frame_rate, pixel_spacing
from echodfkd.readers.intensity import PEEK, Window, doppler_notes, fit_window, to_grey

SUFFIXES = (".dcm", ".dicom")
_COLOURS = ("Red", "Green", "Blue")
_TAGS = [  # all that is ever read of a file's header
    *("NumberOfFrames", "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "PixelRepresentation", "PlanarConfiguration"),
    *("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"),
    *("FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate"),
    *("SequenceOfUltrasoundRegions", "PixelSpacing"),
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in _COLOURS),
    *(f"{colour}PaletteColorLookupTableData" for colour in _COLOURS),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in _COLOURS),
]
# pydicom turns YBR_FULL and YBR_FULL_422 into RGB, the JPEG 2000 decoder YBR_ICT and YBR_RCT
_READABLE = (
    "MONOCHROME1",
    "MONOCHROME2",
    "RGB",
    "PALETTE COLOR",
    *("YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"),
)
_Pixels = npt.NDArray[Any]


def read_dicom(path: Path, given: Given = NOTHING) -> Source:
    """Open a DICOM cine or still: uncompressed, RLE, JPEG (8 bit), JPEG 2000; more with python-gdcm.

    Grey of 8 bit is taken as stored; deeper pixels go through the file's first VOI window (PS3.3
    C.11.2), or without one through the clip's own range. MONOCHROME1 is inverted. Frame rate and spacing:
    see `echodfkd.readers.dicom_tags`.

    Raises:
        EchoError: when the file is no DICOM, has no pixels, is damaged, or cannot be decoded here.
    """
    with _one_line(path):
        header = _header(path)
        _check_decodable(header, path)
    window, notes = _window(header, path)
    first = list(islice(_rgb_or_grey(path, header, window), PEEK))
    count = max(int(header.get("NumberOfFrames") or 1), 1)
    fps, rate_notes = (given.fps, ()) if given.fps else frame_rate(header)
    spacing, spacing_notes = (given.spacing_mm, ()) if given.spacing_mm else pixel_spacing(header)
    return Source(
        path=path,
        name=stem(path),
        shape=(first[0].shape[0], first[0].shape[1]),
        n_frames=count,
        fps=fps,
        spacing_mm=spacing,
        notes=notes + (rate_notes if count > 1 else ()) + spacing_notes + doppler_notes(first),
        opener=lambda: (to_grey(frame) for frame in _rgb_or_grey(path, header, window)),
    )


def is_dicom(path: Path) -> bool:
    """True when the file has the preamble and magic of DICOM part 10, whatever its name."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _header(path: Path) -> Dataset:
    try:
        return dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
    except InvalidDicomError:  # no preamble: old exports start with the data set itself
        header = dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    if "Rows" not in header:
        raise EchoError(f"{path}: not a DICOM file")
    return header


def _check_decodable(header: Dataset, path: Path) -> None:
    if "Rows" not in header or "Columns" not in header:
        raise EchoError(f"{path}: a DICOM without pixels (a report or a directory?)")
    photometric = str(header.get("PhotometricInterpretation", "MONOCHROME2"))
    if photometric not in _READABLE:
        raise EchoError(f"{path}: cannot convert DICOM colours of type {photometric} to grey")
    syntax = _syntax(header)
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


def _syntax(header: Dataset) -> Any:
    """Transfer syntax; files without a meta header do not name it, but reading them tells it."""
    if uid := getattr(header, "file_meta", {}).get("TransferSyntaxUID"):
        return uid
    implicit, little = header.original_encoding
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _rgb_or_grey(path: Path, header: Dataset, window: Window | None) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames for display, uint8 (H, W) or RGB (H, W, 3)."""
    inverted = header.get("PhotometricInterpretation") == "MONOCHROME1"
    palette = header.get("PhotometricInterpretation") == "PALETTE COLOR"
    for stored in _stored(path, header):
        if palette:
            yield _eight_bit(apply_color_lut(stored, header))
            continue
        frame = stored if window is None else window.apply(stored)
        yield 255 - frame if inverted else frame


def _eight_bit(frame: _Pixels) -> npt.NDArray[np.uint8]:
    return (frame >> 8).astype(np.uint8) if frame.dtype == np.uint16 else frame.astype(np.uint8, copy=False)


def _stored(path: Path, header: Dataset) -> Iterator[_Pixels]:
    """Frames in stored values, YBR already turned into RGB."""
    with _one_line(path):
        source: Any = path
        if "TransferSyntaxUID" not in getattr(header, "file_meta", {}):
            source = dcmread(path, force=True)
            source.file_meta.TransferSyntaxUID = _syntax(header)
        frames = iter_pixels(source)
    while True:
        with _one_line(path):  # around each frame: a generator must not hold the warning filter
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


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
        return fit_window(_stored(path, header), str(path))
    ends = (centre - 0.5 + side * (width - 1) / 2 for side in (-1, 1))
    window = Window(*((end - intercept) / slope for end in ends))
    return window, (f"{bits}-bit pixels were brought to 0..255 by the file's window {centre:g}/{width:g}.",)


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """pydicom's many kinds of failure as one clear line that quotes no tag."""
    try:
        with warnings.catch_warnings():  # pydicom's warnings may quote tags
            warnings.simplefilter("ignore")
            yield
    except EchoError:
        raise
    except AttributeError as error:  # a missing element, pixel data among them
        raise EchoError(f"{path}: a DICOM without pixels, or without the tags that describe them") from error
    except Exception as error:  # ValueError, RuntimeError, struct.error, EOFError ...: no common base
        if "does not support" in str(error):  # JPEG Extended of 12 bits, say
            raise EchoError(f"{path}: compressed in a way that needs `pip install python-gdcm`") from error
        raise EchoError(f"{path}: truncated or damaged DICOM, its pixels cannot be decoded") from error
