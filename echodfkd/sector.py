"""From a screen capture to what a network sees, and back: find the fan, crop it to a square, undo that.

Frames are uint8 (T, H, W), boxes x, y, width, height in pixels of the input.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from echodfkd.clip import BoolMask, Frames
from echodfkd.errors import UsageError
from echodfkd.fan import find_fan
from echodfkd.segmenter import Prob

Box = tuple[int, int, int, int]
Spacing = tuple[float, float]  # (row, column) in mm per pixel
_LARGEST_BOX = 8  # of the frame's longer side: larger ones would fill the memory with black
_NEARLY_ALL = 0.85  # of both sides of the frame: such a clip was cropped before (EchoNet's 112x112)


@dataclass(frozen=True, eq=False)
class Sector:
    """Where the ultrasound is.

    Args:
        mask: bool (H, W), True inside the sector.
        box: x, y, width, height of its bounding box in pixels; `crop` makes it square, in mm where it can.
        is_fan: whether it was found by looking; a box that somebody named is kept whole instead.
    """

    mask: BoolMask
    box: Box
    is_fan: bool = False


def find_sector(frames: Frames) -> Sector:
    """The ultrasound sector of a clip from some of its frames, uint8 (N, H, W), N >= 1 (16 are plenty).

    The box is the whole frame when the sector fills it nearly, or when no sector is found (black frames).
    """
    shape = (frames.shape[1], frames.shape[2])
    fan = find_fan(frames)
    if fan is None:
        return whole_frame(shape)
    x, y, width, height = (int(value) for value in cv2.boundingRect(fan.astype(np.uint8)))
    fills = height >= _NEARLY_ALL * shape[0] and width >= _NEARLY_ALL * shape[1]
    return Sector(fan, (0, 0, shape[1], shape[0]) if fills else (x, y, width, height), is_fan=True)


def clip_sector(frames: Frames) -> Sector:
    """The sector of a clip of a set, uint8 (T, H, W); square frames count as cropped already."""
    height, width = frames.shape[1:]
    return (
        whole_frame((height, width)) if height == width else find_sector(frames[:: max(1, len(frames) // 16)])
    )


def whole_frame(shape: tuple[int, int]) -> Sector:
    """A sector that is the whole frame of `shape` (H, W)."""
    return Sector(np.ones(shape, dtype=bool), (0, 0, shape[1], shape[0]))


def from_box(shape: tuple[int, int], box: Box) -> Sector:
    """A sector that is a rectangle of a frame of `shape` (H, W), as of `--crop X,Y,W,H`.

    Raises:
        UsageError: when the box is empty, does not touch the frame, or is far larger than it.
    """
    x, y, width, height = box
    if max(width, height) > _LARGEST_BOX * max(shape):
        raise UsageError(f"crop {x},{y},{width},{height} is far larger than the {shape[1]}x{shape[0]} frame")
    mask = np.zeros(shape, dtype=bool)
    mask[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = True
    if width < 1 or height < 1 or not mask.any():
        raise UsageError(f"crop {x},{y},{width},{height} has no pixel of the {shape[1]}x{shape[0]} frame")
    return Sector(mask, box)


def square(sector: Sector, spacing_mm: Spacing | None = None) -> Box:
    """The window that `crop` cuts: square in mm (in pixels without a spacing), may run outside the frame.

    It holds the sector's box in the middle of its width, at its top. Its side is the depth of a fan: of one
    that is wider than deep the far sides are cut off, as EchoNet-Dynamic's preparation does, since the LV
    lies near the middle and networks know hearts at that scale. Of a named box it is the longer side.
    """
    row, column = spacing_mm or (1.0, 1.0)
    x, y, width, height = sector.box
    side = height * row if sector.is_fan else max(width * column, height * row)
    wide, high = max(round(side / column), 1), max(round(side / row), 1)
    return x + (width - wide) // 2, y, wide, high


def crop(frames: Frames, sector: Sector, size: int, spacing_mm: Spacing | None = None) -> Frames:
    """Cut the sector out of frames (T, H, W) and bring it to (T, size, size); all else becomes 0.

    A pixel of the result is square in mm when the spacing is known. Area average when shrinking, linear
    when growing.
    """
    window = square(sector, spacing_mm)
    return np.stack([_resize(_cut(np.where(sector.mask, f, 0), window), size, size) for f in frames])


def uncrop(prob: Prob, sector: Sector, shape: tuple[int, int], spacing_mm: Spacing | None = None) -> Prob:
    """Undo `crop`: uint8 (T, size, size) back to (T, H, W) of `shape`, bilinear; 0 outside the window."""
    x, y, width, height = square(sector, spacing_mm)
    back = (-x, -y, shape[1], shape[0])
    return np.stack([_cut(_resize(frame, width, height), back) for frame in prob])


def _cut(frame: Frames, window: Box) -> Frames:
    """The window of a frame (H, W); what is outside the frame is 0."""
    x, y, width, height = window
    out = np.zeros((height, width), np.uint8)
    top, left = max(y, 0), max(x, 0)
    inside = frame[top : max(y + height, 0), left : max(x + width, 0)]
    out[top - y : top - y + inside.shape[0], left - x : left - x + inside.shape[1]] = inside
    return out


def _resize(frame: Frames, width: int, height: int) -> Frames:
    if frame.shape == (height, width):
        return frame
    how = cv2.INTER_AREA if frame.shape[0] * frame.shape[1] > width * height else cv2.INTER_LINEAR
    return cv2.resize(frame, (width, height), interpolation=how).astype(np.uint8, copy=False)
