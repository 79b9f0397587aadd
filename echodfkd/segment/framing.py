"""What is wrong with how the ultrasound stands in the picture: no sector, cut off, upside down."""

import cv2
import numpy as np

from echodfkd.clip import BoolMask
from echodfkd.fan import upside_down
from echodfkd.sector import Sector

# Found on clips of `sim` and 14 real ones: whole fans fill up to .8 of the picture and touch up to .2 of its
# upper edge and .55 of a side; zoomed pictures fill .9 and more.
_EVERYWHERE, _TOP_CUT, _SIDE_CUT = 0.9, 0.2, 0.65
_TOUCHING = 0.25  # length on the picture's edge over the square root of a mask's area

NO_SECTOR = "No ultrasound sector found: the whole picture is taken, masks and EF are unreliable."
UPSIDE_DOWN = (
    "The clip is upside down (the sector's apex is below): masks and EF are wrong; turn it and run again."
)


def framing(sector: Sector) -> str | None:
    """What is wrong with a sector that was found by looking, in one sentence; None when nothing is."""
    if not sector.is_fan or sector.mask.mean() > _EVERYWHERE:
        return NO_SECTOR
    if upside_down(sector.mask):
        return UPSIDE_DOWN
    edges = {"top": sector.mask[0], "left": sector.mask[:, 0], "right": sector.mask[:, -1]}
    cut = [name for name, edge in edges.items() if edge.mean() > (_TOP_CUT if name == "top" else _SIDE_CUT)]
    if not cut:
        return None
    return f"The picture cuts the sector off ({', '.join(cut)}): parts of the LV may be missing."


def at_the_edge(masks: list[BoolMask], sector: Sector) -> bool:
    """Whether most LV masks, bool (H, W) each, run along the edge of the picture, or of the box looked at."""
    seen = np.ones_like(sector.mask) if sector.is_fan else sector.mask
    inner = cv2.erode(np.pad(seen, 1).astype(np.uint8), np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    edge = seen & (inner == 0)
    touching = [(mask & edge).sum() > _TOUCHING * np.sqrt(mask.sum()) for mask in masks if mask.any()]
    return bool(touching) and float(np.mean(touching)) > 0.5
