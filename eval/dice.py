"""Overlap of LV masks. Against a teacher it is called agreement, against people accuracy.

N H W = images, height, width; masks are bool.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask
from echodfkd.errors import EchoError

Floats = npt.NDArray[np.float64]


def dice_per_image(found: BoolMask, true: BoolMask) -> Floats:
    """2 |A and B| / (|A| + |B|) of each image, 0..1: bool (N, H, W) twice -> float (N,). Both empty: 1.

    >>> dice_per_image(np.array([[[True, True]]]), np.array([[[True, False]]])).round(3).tolist()
    [0.667]

    Raises:
        EchoError: if the shapes differ or the masks are not bool.
    """
    both, total = overlap(found, true).T
    return np.where(total > 0, 2 * both / np.maximum(total, 1), 1.0)


def iou_per_image(found: BoolMask, true: BoolMask) -> Floats:
    """|A and B| / |A or B| of each image, 0..1 (Jaccard). Shapes and errors as for `dice_per_image`."""
    return iou_of(overlap(found, true))


def iou_of(counts: npt.NDArray[np.int64]) -> Floats:
    """IoU of each image from rows of `overlap`: (N, 2) -> (N,), 0..1. Both empty: 1."""
    both, total = counts.T
    return np.where(total > 0, both / np.maximum(total - both, 1), 1.0)


def pooled_dice(counts: npt.NDArray[np.int64]) -> float:
    """Dice over the pixels of all images at once, as EchoNet-Dynamic prints it: large hearts weigh more.

    Args:
        counts: rows of `overlap`, (N, 2); a statistic for `bootstrap.interval`.
    """
    both, total = counts.sum(0)
    return float(2 * both / total) if total else 1.0


def overlap(found: BoolMask, true: BoolMask) -> npt.NDArray[np.int64]:
    """Pixels in both masks and the sum of their sizes, per image: (N, H, W) twice -> (N, 2)."""
    if found.shape != true.shape or found.ndim != 3:
        raise EchoError(f"masks to compare must both be (N, H, W), got {found.shape} and {true.shape}")
    if found.dtype != np.bool_ or true.dtype != np.bool_:
        raise EchoError(
            f"masks to compare must be bool, got {found.dtype} and {true.dtype}; threshold them first"
        )
    sizes = found.sum((1, 2)) + true.sum((1, 2))
    return np.stack([(found & true).sum((1, 2)), sizes], axis=1).astype(np.int64)


def evaluate(found: BoolMask, true: BoolMask) -> Iterator[tuple[str, float]]:
    """`dice`, `iou` (means over images, both empty = 1), `pooled_dice` (EchoNet-Dynamic's), all 0..1."""
    yield "dice", float(dice_per_image(found, true).mean())
    yield "iou", float(iou_per_image(found, true).mean())
    yield "pooled_dice", pooled_dice(overlap(found, true))
