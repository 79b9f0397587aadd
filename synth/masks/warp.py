"""The warp: a label map at a contraction between 0 (ED) and 1 (ES).

A smooth field says for each pixel where it was at ED; there the signed distances to all classes are read, and
the class that the pixel lies deepest in wins. Outlines so move by parts of a pixel and do not stair-step.
"""

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from echodfkd.clip import BoolMask, Label
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.shape import Shape, measure
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.kinetics import Kinetics
from echodfkd.synth.sim.motion import TABLE, Motion, Profile

SHOULDER, THROUGH = 0.16, 9.0  # of the length, smoothing of the pull; mm of wall through which it sets in
WALL, FADE = 22.0, 45.0  # mm beyond the cavity's edge: moves with it; over which the motion dies away
CRUMB = 8  # pixels: what is smaller is no tissue but a torn thin wall
SMOOTH = 1.2  # pixels: finds where between two pixels an outline ran; thin walls stay


class MapMotion(Motion):
    """`sim`'s motion for a heart in a label map: its wall keeps its area, and the far field stands still.

    The outer edge of the wall follows the pull of the cavity's edge smoothed along the axis: the cap beyond
    the apex, where no cavity is left to pull, must not stay behind as a pair of shoulders.
    """

    def __init__(self, heart: Profile, ef: float, kinetics: Kinetics) -> None:
        super().__init__(heart, ef, kinetics)
        pull = self._sides * self._inward
        self._lag = (gaussian_filter1d(pull, SHOULDER * TABLE / 4, axis=1) - pull).astype("f4")

    def _outside(
        self, radius: Array, w0: Array, w: Array, k: Array, index: npt.NDArray[np.intp], a: np.float32
    ) -> Array:
        into_wall = ((radius - w) / THROUGH).clip(0, 1)
        grown = w0 + (radius - w) * k + self._lag.take(index) * a * into_wall
        still = ((radius - w - WALL) / FADE).clip(0, 1)
        moved = (grown - radius) * (1 - still * still * (3 - 2 * still))
        return np.asarray(radius + moved, np.float32)


class Warp:
    """One label map, ready to be shown at any contraction.

    Attributes:
        shape: the heart in it.
    """

    def __init__(self, map_: LabelMap) -> None:
        self.shape: Shape = measure(map_)
        self._labels = [int(label) for label in np.unique(map_.classes)]
        self._depths = [_depth(map_.classes == label) for label in self._labels]
        self._x, self._z = self.shape.pixels(map_.classes.shape)

    def motion(self, ef: float, kinetics: Kinetics) -> MapMotion:
        """How the heart of this map moves when it aims at an EF (percent)."""
        return MapMotion(self.shape.profile, ef, kinetics)

    def at(self, motion: Motion, a: float) -> npt.NDArray[np.uint8]:
        """The classes at contraction a: uint8 (H, W), the LV in one piece."""
        column, row = self.shape.to_picture(*motion.to_reference(self._x, self._z, a))
        border = cv2.BORDER_REPLICATE
        depths = [cv2.remap(d, column, row, cv2.INTER_LINEAR, borderMode=border) for d in self._depths]
        labels = np.array(self._labels, np.uint8)
        classes = labels[np.argmax(depths, axis=0)]
        crumbs = _crumbs(classes)
        if crumbs.any():
            second = np.argsort(np.stack(depths)[:, crumbs], axis=0)[-2]
            classes[crumbs] = labels[second]
        return classes


def _depth(inside: BoolMask) -> Array:
    """Distance in pixels to the edge of a class, positive inside: float32 (H, W)."""
    towards, away = (
        cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        for part in (inside, ~inside)
    )
    return np.asarray(cv2.GaussianBlur(towards - away, (0, 0), SMOOTH), np.float32)


def _crumbs(classes: npt.NDArray[np.uint8]) -> BoolMask:
    """Pieces of the LV beside its largest, and tiny ones of every other class."""
    crumbs = np.zeros(classes.shape, bool)
    for label in np.unique(classes):
        part = (classes == label).astype(np.uint8)
        count, pieces, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
        if count <= 2:
            continue
        size = stats[:, cv2.CC_STAT_AREA].copy()
        size[0] = size[1 + np.argmax(size[1:])] = (
            len(part) ** 2
        )  # what is not this class, and its largest piece
        crumbs |= (size < (len(part) ** 2 if label == Label.LV else CRUMB))[pieces]
    return crumbs
