"""Windows of clips at one rate and size. Worker processes import this file, so it does without torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Shape:
    """How clips are cut: `frames` a window at `fps` Hz, squares of `size` pixels."""

    frames: int
    fps: float
    size: int


@dataclass(frozen=True)
class Window:
    """Some frames of a clip.

    Attributes:
        frames: uint8 (T, H, W); those from `length` on only repeat the last one.
        labels: uint8 (T, H, W), values of `Label`; all background where unknown.
        sector: bool (H, W). clip: its name. ef: in percent, NaN where unknown. labelled: whether it was.
        view: as in `Clip`.
    """

    frames: Array
    labels: Array
    sector: Array
    clip: str
    ef: float
    length: int
    labelled: bool
    view: str | None = None


def windows_of(clip: Clip, shape: Shape) -> Iterator[Window]:
    """All whole windows of a clip, one after the other; a shorter clip gives one that is filled up.

    A clip that is not square gets black margins, so that its anatomy keeps its shape.
    """
    rate = clip.fps or shape.fps
    times = np.arange(int(np.floor(len(clip) / rate * shape.fps + 1e-6)) or 1) / shape.fps
    picks = np.minimum(np.round(times * rate).astype(int), len(clip) - 1)
    shrinks = shape.size <= max(clip.frames.shape[1:])
    frames = _resized(clip.frames[picks], shape.size, cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    labels = np.zeros_like(frames) if clip.mask is None else clip.mask[picks]
    labels = _resized(labels, shape.size, cv2.INTER_NEAREST)
    seen = clip.sector if clip.sector is not None else clip.frames.max(0) > 0
    sector = _resized(seen[None].astype(np.uint8), shape.size, cv2.INTER_NEAREST)[0] > 0
    for start in range(0, max(len(frames) - shape.frames, 0) + 1, shape.frames):
        part = slice(start, start + shape.frames)
        length = min(len(frames) - start, shape.frames)
        more = ((0, shape.frames - length), (0, 0), (0, 0))
        filled = [np.pad(one[part], more, mode="edge") for one in (frames, labels)]
        ef = float("nan") if clip.ef is None else float(clip.ef)
        yield Window(filled[0], filled[1], sector, clip.name, ef, length, clip.mask is not None, clip.view)


def _resized(pictures: Array, size: int, how: int) -> Array:
    height, width = pictures.shape[1:]
    rows, columns = max(width - height, 0), max(height - width, 0)
    if rows or columns:
        margins = ((0, 0), (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2))
        pictures = np.pad(pictures, margins)
    if pictures.shape[1:] == (size, size):
        return pictures
    return np.stack([cv2.resize(one, (size, size), interpolation=how) for one in pictures])


@dataclass(frozen=True)
class Cut:
    """The work on one clip of a set, sent to workers."""

    data: ClipSet
    shape: Shape

    def __call__(self, name: str) -> list[Window]:
        """The windows of a clip of that name."""
        return [*windows_of(self.data.load(name), self.shape)]
