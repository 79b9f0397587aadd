"""Header and stored pixels of a DICOM file, through pydicom."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels import iter_pixels, pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from echodfkd.errors import EchoError

Pixels = npt.NDArray[Any]  # (H, W) or (H, W, 3), of any number type
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


@contextmanager
def one_line(path: Path) -> Iterator[None]:
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


def read_header(path: Path) -> Dataset:
    """The few tags that a clip needs; raises EchoError when the file is no DICOM."""
    try:
        return dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
    except InvalidDicomError:  # no preamble: old exports start with the data set itself
        header = dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    if "Rows" not in header:
        raise EchoError(f"{path}: not a DICOM file")
    return header


def transfer_syntax(header: Dataset) -> Any:
    """Transfer syntax; files without a meta header do not name it, but reading them tells it."""
    if uid := getattr(header, "file_meta", {}).get("TransferSyntaxUID"):
        return uid
    implicit, little = header.original_encoding
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def frame_count(header: Dataset) -> int:
    """NumberOfFrames; a file without it holds one."""
    return max(int(header.get("NumberOfFrames") or 1), 1)


def stored_frames(path: Path, header: Dataset) -> Iterator[Pixels]:
    """Frames in stored values, YBR already turned into RGB."""
    with one_line(path):
        frames = _decoded(_pixel_source(path, header), header)
    while True:
        with one_line(path):  # around each frame: a generator must not hold the warning filter
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _pixel_source(path: Path, header: Dataset) -> Any:
    """What pydicom decodes from: the path, which streams, or the data set where that cannot be."""
    syntax = transfer_syntax(header)
    if "TransferSyntaxUID" in getattr(header, "file_meta", {}) and not syntax.is_deflated:
        return path
    dataset = dcmread(path, force=True)
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _decoded(source: Any, header: Dataset) -> Iterator[Pixels]:
    if transfer_syntax(header).is_encapsulated:
        return iter_pixels(source)
    # By index: pydicom 3.0's iter_pixels loses its place after one frame of uncompressed YBR_FULL_422.
    return (pixel_array(source, index=index) for index in range(frame_count(header)))
