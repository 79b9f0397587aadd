"""NIfTI images as CAMUS ships them: (W, H, T), transposed on disk, zooms in mm."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError

from echodfkd.errors import EchoError
from echodfkd.readers.base import NOTHING, Given, Source, plausible_fps, plausible_spacing, stem
from echodfkd.readers.intensity import fit_window

SUFFIXES = (".nii", ".nii.gz")
MILLIMETRES = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
_SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
DAMAGED = (ImageFileError, OSError, EOFError, ValueError, zlib.error, gzip.BadGzipFile)
_Pixels = npt.NDArray[Any]


def read_nifti(path: Path, given: Given = NOTHING) -> Source:
    """Open a NIfTI image: one frame (W, H), a half-sequence (W, H, T), or (W, H, 1, T).

    Spacing comes from the zooms (column, row). The third axis of a 3D file is a length to NIfTI, so only
    the fourth axis of a 4D file can tell a frame rate. A plain .nii is streamed; a .nii.gz, which cannot
    be entered in the middle, is held in memory while it is read.

    Raises:
        EchoError: when the file is no NIfTI, is damaged, holds a 3D volume or NaN.
    """
    image = load_nifti(path)
    shape = _clip_shape(image, path)
    window, notes = fit_window(_slices(image, path), str(path))
    return Source(
        path=path,
        name=stem(path),
        shape=(shape[1], shape[0]),
        n_frames=shape[2],
        fps=given.fps or _fps(image),
        spacing_mm=given.spacing_mm or _spacing(image),
        notes=notes,
        opener=lambda: (window.apply(frame) for frame in _slices(load_nifti(path), path)),
    )


def load_nifti(path: Path) -> Any:
    """nibabel's image of a file, its pixels not read yet. Raises EchoError when it is no NIfTI image."""
    try:
        return nibabel.load(path)
    except DAMAGED as error:
        raise EchoError(f"{path}: not a readable NIfTI image (wrong format, truncated or damaged)") from error


def _clip_shape(image: Any, path: Path) -> tuple[int, int, int]:
    """(W, H, T) of an image whose other axes have length 1."""
    shape = tuple(image.shape) + (1,) * (4 - len(image.shape))
    is_clip = all(length > 0 for length in shape) and sum(length > 1 for length in shape[2:]) <= 1
    if not is_clip:
        raise EchoError(f"{path}: must be 2D plus time, (W, H), (W, H, T) or (W, H, 1, T), got {image.shape}")
    return shape[0], shape[1], int(np.prod(shape[2:]))


def _slices(image: Any, path: Path) -> Iterator[_Pixels]:
    """Frames (H, W) in stored units, scaled by the header's slope."""
    width, height, count = _clip_shape(image, path)
    try:
        # Slicing a compressed file would unpack it from its start for every frame.
        pixels = np.asanyarray(image.dataobj) if path.suffix.lower() == ".gz" else image.dataobj
        for index in range(count):
            yield _frame(pixels, index).reshape(width, height).T
    except DAMAGED as error:
        raise EchoError(f"{path}: truncated or damaged NIfTI image") from error


def _frame(pixels: Any, index: int) -> _Pixels:
    if len(pixels.shape) == 2:
        return np.asanyarray(pixels)
    long_axis = 2 + int(np.argmax(pixels.shape[2:]))
    where = [slice(None), slice(None)] + [
        index if axis == long_axis else 0 for axis in range(2, len(pixels.shape))
    ]
    return np.asanyarray(pixels[tuple(where)])


def _spacing(image: Any) -> tuple[float, float] | None:
    scale = MILLIMETRES.get(image.header.get_xyzt_units()[0], 1.0)
    column, row = (float(zoom) * scale for zoom in image.header.get_zooms()[:2])
    return plausible_spacing(round(row, 6), round(column, 6))  # zooms are float32: 0.154 is no 0.15400001


def _fps(image: Any) -> float | None:
    zooms, unit = image.header.get_zooms(), image.header.get_xyzt_units()[1]
    if len(zooms) < 4 or unit not in _SECONDS or not zooms[3] > 0:
        return None
    return plausible_fps(round(1 / (float(zooms[3]) * _SECONDS[unit]), 4))  # zooms are float32
