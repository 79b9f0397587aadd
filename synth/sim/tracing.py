"""Tracing conventions: how an expert's contour folds the simulator's tissues into the public classes.

`echonet`: the trabecular layer is wall, papillary muscles are cavity.
`ase`: both are cavity (Lang et al. 2015: trace at the compacted wall).
`camus`: papillary muscles are cavity, and so is the inner half of the trabecular layer; experts are told to
take the whole layer in (Leclerc et al. 2019), yet what scatters in it pulls their contour inwards.
`anatomical`: the blood alone; both are wall.
All close the cavity by the straight line between the mitral hinges.
"""

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Label, Mask
from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.outlines import Labels

INNER = 8  # the half of the trabecular layer that is nearer the cavity than the wall

CONVENTIONS = {
    "echonet": {an.TRABECULAE: Label.MYOCARDIUM, INNER: Label.MYOCARDIUM, an.PAPILLARY: Label.LV},
    "ase": {an.TRABECULAE: Label.LV, INNER: Label.LV, an.PAPILLARY: Label.LV},
    "camus": {an.TRABECULAE: Label.MYOCARDIUM, INNER: Label.LV, an.PAPILLARY: Label.LV},
    "anatomical": {
        an.TRABECULAE: Label.MYOCARDIUM,
        INNER: Label.MYOCARDIUM,
        an.PAPILLARY: Label.MYOCARDIUM,
    },
}


def _table(labels: dict[int, Label]) -> npt.NDArray[np.uint8]:
    table = np.arange(256, dtype=np.uint8)
    table[list(labels)] = list(labels.values())
    return table


TABLES = {name: _table(labels) for name, labels in CONVENTIONS.items()}


def fold(tissues: npt.NDArray[np.uint8], convention: str) -> Mask:
    """Tissues of the simulator -> public classes under a tracing convention."""
    return np.asarray(cv2.LUT(tissues, TABLES[convention]), np.uint8)


def split_layer(tissues: Labels) -> Labels:
    """Mark as `INNER` what of the trabecular layer is nearer the cavity than the wall."""
    cavity = (tissues == an.CAVITY) | (tissues == an.PAPILLARY)
    to_cavity = cv2.distanceTransform((~cavity).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    to_wall = cv2.distanceTransform((tissues != an.WALL).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inner = (tissues == an.TRABECULAE) & (to_cavity < to_wall)
    return np.where(inner, np.uint8(INNER), tissues)
