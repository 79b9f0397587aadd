"""Clips and volumes as NIfTI images, with their spacing; equal ones give equal bytes."""

from pathlib import Path

import nibabel
import numpy as np

from echodfkd.clip import Clip
from echodfkd.files import write_bytes


def write_nifti(path: Path, clip: Clip) -> None:
    """Write a clip as (W, H, 1, T), as CAMUS's axes go, or the slices of a volume as (W, H, D).

    Axes are transposed on disk; zooms are mm and, for clips, seconds. What is unknown counts as 1. A volume's
    axes go to the right, to the front and up (RAS), from its own corner.

    Args:
        path: ends in .nii. clip: a volume where it has `slice_mm`.

    Raises:
        EchoError: when the disk is full.
    """
    pixels = clip.frames.transpose(2, 1, 0)
    row, column = clip.spacing_mm or (1.0, 1.0)
    slices = clip.slice_mm or 1.0
    volume = clip.slice_mm is not None
    image = nibabel.Nifti1Image(
        np.ascontiguousarray(pixels if volume else pixels[:, :, None]), np.diag([column, row, slices, 1.0])
    )
    if not volume:
        image.header.set_zooms((column, row, slices, 1 / clip.fps if clip.fps else 1.0))
    known = volume or clip.fps is not None
    image.header.set_xyzt_units("mm" if clip.spacing_mm else "unknown", "sec" if known else "unknown")
    write_bytes(path, image.to_bytes())
