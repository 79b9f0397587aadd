"""Label maps to test with: hearts of `sim` at ED, and an LV that stands alone."""

import functools

import numpy as np

from echodfkd.clip import Label
from echodfkd.synth.masks.draw import drawn_map
from echodfkd.synth.masks.maps import LabelMap

HEARTS = range(6)


@functools.cache
def heart(index: int) -> LabelMap:
    """The map of a heart of `sim` at ED."""
    return drawn_map(5, index)


def lv_only(index: int = 3) -> LabelMap:
    """Its LV alone, no cone."""
    return LabelMap(heart(index).lv.astype(np.uint8))


def areas(mask: np.ndarray, label: Label) -> np.ndarray:
    """Pixels of a class in each frame (T,)."""
    return (mask == label).sum((1, 2))
