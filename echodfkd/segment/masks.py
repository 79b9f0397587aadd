"""From soft LV masks to one clean mask per frame on the input's own grid."""

import cv2
import numpy as np

from echodfkd.clip import BoolMask
from echodfkd.segmenter import Prob

HALF = 128  # the smallest of 0..255 that stands for a probability of at least .5


def largest_filled(mask: BoolMask) -> BoolMask:
    """The largest connected piece of mask (H, W), holes filled; empty stays empty.

    An LV cavity in one plane is one region without holes: papillary muscles count as cavity
    (Lang et al. 2015, ASE/EACVI chamber quantification, section 2.1).
    """
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    if outlines:
        # contourArea runs through pixel centres: 0 for a line, so that the length breaks ties
        largest = max(outlines, key=lambda outline: (cv2.contourArea(outline), len(outline)))
        cv2.drawContours(filled, [largest], -1, 1, cv2.FILLED)
    return filled.astype(bool)


def lv_masks(prob: Prob) -> BoolMask:
    """Clean masks (T, H, W) of soft ones: probability of at least .5, largest piece, holes filled."""
    return np.stack([largest_filled(frame >= HALF) for frame in prob])
