"""Folders of NIfTI volumes (MRI, CT, 3D echo) as something to learn from; depth takes the place of time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from nibabel import as_closest_canonical
from scipy.ndimage import affine_transform, gaussian_filter

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.clipset_records import FILE_LIST
from echodfkd.errors import EchoError
from echodfkd.filelist import Record
from echodfkd.readers.base import stem
from echodfkd.readers.intensity import Window
from echodfkd.readers.nifti import DAMAGED, MILLIMETRES, SUFFIXES, load_nifti
from echodfkd.synth.diffusion.corpus import Corpus
from echodfkd.synth.diffusion.cuts import Shape

Spacing = tuple[float, float, float]  # between slices, rows, columns, in mm
Grey = npt.NDArray[np.uint8]
TAIL = 0.5  # percent of the voxels, at each end, that are left out of the range of greys


def read_volume(path: Path) -> Clip:
    """A NIfTI volume as a clip of its slices, from the feet up; rows go to the front, columns to the right.

    Voxels within 0..255 are taken as they are; of others, all but `TAIL` percent at each end is stretched to
    that range.

    Returns:
        A clip with `spacing_mm` and `slice_mm`.

    Raises:
        EchoError: when the file is no NIfTI volume, is damaged, or holds NaN.
    """
    image = load_nifti(path)
    if not is_volume(image):
        raise EchoError(f"{path}: must be a volume, (W, H, D), got {tuple(image.shape)}")
    try:
        turned: Any = as_closest_canonical(image)
        voxels = np.asanyarray(turned.dataobj).reshape(turned.shape[:3]).transpose(2, 1, 0)
    except DAMAGED as error:
        raise EchoError(f"{path}: truncated or damaged NIfTI image") from error
    slices, row, column = _spacing(turned)
    return Clip(_grey(voxels, path), name=stem(path), spacing_mm=(row, column), slice_mm=slices)


def is_volume(image: Any) -> bool:
    """Whether a NIfTI image has three axes of space and no time, each longer than 1."""
    shape = tuple(image.shape)
    return len(shape) >= 3 and all(n > 1 for n in shape[:3]) and all(n == 1 for n in shape[3:])


def _spacing(image: Any) -> Spacing:
    scale = MILLIMETRES.get(image.header.get_xyzt_units()[0], 1.0)
    column, row, slices = (round(float(zoom) * scale, 6) for zoom in image.header.get_zooms()[:3])
    return slices, row, column


def _grey(voxels: npt.NDArray[Any], path: Path) -> Grey:
    if voxels.dtype.kind not in "biuf" or not np.isfinite(voxels).all():
        raise EchoError(f"{path}: holds voxels that are NaN, infinite, or no real numbers")
    if voxels.min() >= 0 and 1 < voxels.max() <= 255:
        return Window(0, 255).apply(voxels)
    low, high = np.percentile(voxels, (TAIL, 100 - TAIL))
    if not high > low:
        low, high = float(voxels.min()), float(voxels.max())
    return Window(float(low), float(high)).apply(voxels)


def resampled(volume: Clip, shape: tuple[int, int, int], spacing: Spacing) -> Clip:
    """A volume about the same middle, with another number of slices, rows and columns, and another spacing.

    What is finer than the new spacing is smoothed first; beyond the volume all is black.
    """
    own = _own(volume)
    ratio = np.array(spacing) / np.array(own)
    smooth = gaussian_filter(volume.frames.astype(np.float32), np.maximum(ratio - 1, 0) / 2)
    offset = (np.array(volume.frames.shape) - 1) / 2 - ratio * (np.array(shape) - 1) / 2
    grey = affine_transform(smooth, ratio, offset, shape, order=1, mode="constant")
    frames = np.rint(np.clip(grey, 0, 255)).astype(np.uint8)
    return volume.with_(frames=frames, spacing_mm=spacing[1:], slice_mm=spacing[0])


def _own(volume: Clip) -> Spacing:
    assert volume.spacing_mm is not None and volume.slice_mm is not None
    return (volume.slice_mm, *volume.spacing_mm)


@dataclass(frozen=True)
class VolumeSet(ClipSet):
    """NIfTI volumes of a folder, all brought to one shape and one spacing as they are loaded.

    Args:
        shape: what they are brought to. spacing: in mm.
    """

    shape: Shape = field(default_factory=lambda: Shape(32, 32.0, 112))
    spacing: Spacing = (1.0, 1.0, 1.0)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Where they are, and their spacing."""
        return {"volumes": str(self.root.resolve()), "spacing_mm": [*self.spacing]}

    def load(self, which: Record | str | int, *, masks: bool = True) -> Clip:
        """A volume. Raises EchoError when its file is unreadable or no volume."""
        size = self.shape.size
        record = self._resolve(which)
        volume = resampled(read_volume(record.path), (self.shape.frames, size, size), self.spacing)
        return volume.with_(name=record.name)


def open_clips(path: Path, shape: Shape) -> ClipSet:
    """The clips to learn from: NIfTI volumes where they lie in the folder itself, else as `ClipSet.open`.

    Volumes get the spacing at which the median one fills the shape, the same for rows and columns.

    Raises:
        UsageError: when there is no such folder.
        EchoError: when the folder holds nothing to learn from, or some volumes and some NIfTI clips.
    """
    inside = sorted(path.iterdir()) if path.is_dir() and not (path / FILE_LIST).is_file() else []
    files = [file for file in inside if file.name.lower().endswith(SUFFIXES)]
    images = [load_nifti(file) for file in files]
    volumes = [is_volume(image) for image in images]
    if not any(volumes):
        return ClipSet.open(path)
    if not all(volumes):
        raise EchoError(f"{files[volumes.index(False)]} is no volume, though others in {path} are")
    extents = np.median([*_extents(images)], 0)
    plane = round(max(extents[1:]) / shape.size, 4)
    spacing = (round(extents[0] / shape.frames, 4), plane, plane)
    return VolumeSet(path, [Record(stem(file), file) for file in files], shape, spacing)


def _extents(images: list[Any]) -> Iterator[npt.NDArray[np.float64]]:
    for image in images:
        turned = as_closest_canonical(image)
        yield np.array(turned.shape[2::-1]) * np.array(_spacing(turned))


def spacing_of(corpus: Corpus) -> list[float] | None:
    """Between slices, rows and columns in mm of what was learned from; None for clips."""
    made = corpus.origin
    return made["spacing_mm"] if isinstance(made, dict) and "volumes" in made else None
