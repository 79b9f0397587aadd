"""Reading clips of any kind: video, DICOM cine, NIfTI, npz; all become grey uint8 frames.

`open_source` streams, `read_clip` loads, `find_inputs` expands folders.
"""

from pathlib import Path

import numpy as np

from echodfkd.clip import Clip
from echodfkd.errors import EchoError, UsageError
from echodfkd.readers.base import Given, Source
from echodfkd.readers.inputs import find_inputs
from echodfkd.readers.registry import READERS, reader_for

_MOST_UNEVEN = 50  # rows against columns in mm: a picture in true proportions would fill the memory

__all__ = ["READERS", "Source", "find_inputs", "open_source", "read_clip"]


def open_source(
    path: Path, *, fps: float | None = None, spacing_mm: tuple[float, float] | None = None
) -> Source:
    """Open a clip without holding its frames in memory.

    Args:
        path: a video, DICOM, NIfTI or npz file; the suffix decides, DICOM's magic where it is unknown.
        fps: frames per second in Hz; wins over the file's.
        spacing_mm: (row, column) in mm per pixel; wins over the file's.

    Raises:
        EchoError: when the file is missing, empty, damaged or of an unknown kind.
        UsageError: when fps or spacing_mm is out of range.
    """
    path = Path(path)
    _check_given(fps, spacing_mm)
    if not path.is_file():
        raise EchoError(f"{path}: {'is a folder, not a clip' if path.is_dir() else 'no such file'}")
    if path.stat().st_size == 0:
        raise EchoError(f"{path}: the file is empty")
    return reader_for(path)(path, Given(fps, spacing_mm))


def read_clip(path: Path, *, fps: float | None = None, spacing_mm: tuple[float, float] | None = None) -> Clip:
    """Read a whole clip into memory; arguments and errors as of `open_source`."""
    source = open_source(path, fps=fps, spacing_mm=spacing_mm)
    frames = np.stack(list(source.frames()))
    return Clip(
        frames=frames,
        fps=source.fps,
        name=source.name,
        spacing_mm=source.spacing_mm,
        mask=source.mask,
        ef=source.ef,
        notes=source.remarks(),
    )


def _check_given(fps: float | None, spacing_mm: tuple[float, float] | None) -> None:
    if fps is not None and not 0 < fps < 10_000:
        raise UsageError(f"fps must be between 0 and 10000 Hz, got {fps:g}")
    if spacing_mm is None:
        return
    if not all(0 < side < 100 for side in spacing_mm):
        raise UsageError(f"spacing must be two lengths (row, column) between 0 and 100 mm, got {spacing_mm}")
    if max(spacing_mm) > _MOST_UNEVEN * min(spacing_mm):
        raise UsageError(f"spacing (row, column) may differ {_MOST_UNEVEN} times at most, got {spacing_mm}")
