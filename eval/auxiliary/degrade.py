"""Masks made worse in known ways, to see whether a judge notices. T H W = frames, height, width.

Every function takes the true LV masks bool (T, H, W) and gives masks of that shape; lengths are in pixels of
a picture of 112.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Clip, Label

STEPS = (1, 2, 3, 4, 6, 9)  # pixels of erosion and dilation
SHIFTS = (2, 4, 6, 9, 14)  # pixels
CHAMBERS = {"left atrium": Label.LA, "right ventricle": Label.RV, "wall": Label.MYOCARDIUM}


def eroded(masks: BoolMask, pixels: float) -> BoolMask:
    """What lies at least so many pixels inside the contour."""
    return np.stack([_depth(mask) > pixels * _unit(masks) for mask in masks])


def dilated(masks: BoolMask, pixels: float) -> BoolMask:
    """All that lies within so many pixels of the mask; an empty mask stays empty."""
    reach = pixels * _unit(masks)
    return np.stack([mask | ((_depth(~mask) <= reach) & mask.any()) for mask in masks])


def shifted(masks: BoolMask, pixels: float, angle: float) -> BoolMask:
    """Moved so far in a direction (radians), nothing coming in at the edge."""
    step = pixels * _unit(masks)
    matrix = np.array([[1, 0, step * np.cos(angle)], [0, 1, step * np.sin(angle)]])
    size = masks.shape[:0:-1]
    moved = [cv2.warpAffine(m.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST) for m in masks]
    return np.stack(moved) > 0


def frozen(masks: BoolMask, frame: int) -> BoolMask:
    """The mask of one frame for all."""
    return np.repeat(masks[frame : frame + 1], len(masks), axis=0)


def shuffled(masks: BoolMask, rng: np.random.Generator) -> BoolMask:
    """The masks in another order."""
    return masks[rng.permutation(len(masks))]


def oversized(masks: BoolMask) -> BoolMask:
    """The box around the LV over all frames, half as large again, for every frame."""
    rows, columns = np.nonzero(masks.any(0))
    found = np.zeros_like(masks)
    if len(rows):
        (top, bottom), (left, right) = (
            _wider(side, n) for side, n in zip((rows, columns), masks.shape[1:], strict=True)
        )
        found[:, top:bottom, left:right] = True
    return found


def _wider(places: npt.NDArray[np.intp], end: int) -> tuple[int, int]:
    low, high = int(places.min()), int(places.max()) + 1
    more = (high - low) // 4
    return max(0, low - more), min(end, high + more)


def _unit(masks: BoolMask) -> float:
    return masks.shape[1] / 112


def _depth(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """How far each masked pixel is from what is not masked, 0 outside."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def degradations(clip: Clip, rng: np.random.Generator) -> Iterator[tuple[str, BoolMask]]:
    """(name, masks) of the clip's true masks and of every way to make them worse.

    Args:
        clip: with true masks. rng: of directions and orders.

    Raises:
        ValueError: if the clip has no masks.
    """
    if clip.lv is None or clip.mask is None:
        raise ValueError(f"clip {clip.name!r} has no masks to degrade")
    lv, area = clip.lv, clip.lv.sum((1, 2))
    yield "true", lv
    ways: dict[str, tuple[Callable[..., BoolMask], tuple[int, ...]]] = {
        "erode": (eroded, STEPS),
        "dilate": (dilated, STEPS),
    }
    for name, (way, amounts) in ways.items():
        for pixels in amounts:
            yield f"{name} {pixels}", way(lv, pixels)
    for pixels in SHIFTS:
        yield f"shift {pixels}", shifted(lv, pixels, rng.uniform(0, 2 * np.pi))
    for name, label in CHAMBERS.items():
        if (clip.mask == label).any():
            yield f"swap for {name}", clip.mask == label
    yield "freeze at largest", frozen(lv, int(area.argmax()))
    yield "freeze at smallest", frozen(lv, int(area.argmin()))
    yield "shuffle frames", shuffled(lv, rng)
    yield "empty", np.zeros_like(lv)
    yield "oversized", oversized(lv)
