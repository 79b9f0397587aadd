"""Label maps augmented by affine and elastic warps, as EDMLX (arXiv 2409.19371) does to have enough of them.

The heart is warped, the cone is not: scanners do not bend.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.synth.masks.maps import LabelMap

TURN, SHEAR = 0.15, 0.06  # most, radians and share
SCALE, SHIFT = 0.1, 0.04  # most, share of the size and of the picture's side
BEND, KNOTS = 0.012, 5  # deviation of an elastic displacement, share of the side; knots of it a side


@dataclass(frozen=True, eq=False)
class Warping:
    """One warp.

    Args:
        affine: (2, 3), from where each point comes; coordinates are shares of the side from the middle.
        bend: (KNOTS, KNOTS, 2), what is added to that, right and down.
    """

    affine: npt.NDArray[np.float64]
    bend: npt.NDArray[np.float64]


def drawn_warping(rng: np.random.Generator) -> Warping:
    """A warp of a heart that could be another patient's."""
    turn, shear = rng.uniform(-TURN, TURN), rng.uniform(-SHEAR, SHEAR)
    scale = 1 + rng.uniform(-SCALE, SCALE, 2)
    cos, sin = np.cos(turn), np.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]]) / scale
    affine = np.column_stack([linear, rng.uniform(-SHIFT, SHIFT, 2)])
    return Warping(affine, rng.normal(0, BEND, (KNOTS, KNOTS, 2)))


def warped(map_: LabelMap, warping: Warping) -> LabelMap:
    """The map with its tissues warped (nearest), its cone as it was."""
    height, width = map_.classes.shape
    side = max(height, width)
    y, x = np.indices((height, width))
    place = np.stack([x - (width - 1) / 2, y - (height - 1) / 2], -1) / side
    bend = cv2.resize(warping.bend, (width, height), interpolation=cv2.INTER_CUBIC)
    source = place @ warping.affine[:, :2].T + warping.affine[:, 2] + bend
    column = (source[..., 0] * side + (width - 1) / 2).astype(np.float32)
    row = (source[..., 1] * side + (height - 1) / 2).astype(np.float32)
    border = cv2.BORDER_REPLICATE  # what leaves the picture goes on beyond it
    classes = cv2.remap(map_.classes, column, row, cv2.INTER_NEAREST, borderMode=border)
    return map_.with_(classes=np.asarray(classes, np.uint8))
