"""A label file, NAME.npz: what a teacher saw in one clip, at the clip's own resolution."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from echodfkd.filelist import Record


def label_path(folder: Path, record: Record) -> Path:
    """Where a clip's label belongs in the folder of a teacher's labels."""
    return folder / f"{record.name}.npz"


def is_labelled(folder: Path, record: Record) -> bool:
    """Whether a clip has its label: a whole file with `prob` of the length and size that the list says.

    Reads headers only, so that thousands of labels are looked through within seconds.
    """
    try:
        with zipfile.ZipFile(label_path(folder, record)) as archive, archive.open("prob.npy") as stream:
            np.lib.format.read_magic(stream)
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return False
    expected = (record.frames, record.height, record.width)
    fits = len(shape) == 3 and all(k in (None, size) for k, size in zip(expected, shape, strict=True))
    return fits and dtype == np.uint8
