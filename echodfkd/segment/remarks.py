"""Warnings about a clip that its area curve cannot know: how it is framed, which way round, how short."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Frames
from echodfkd.sector import Sector, crop
from echodfkd.segment.framing import at_the_edge, framing
from echodfkd.segment.orientation import looks_mirrored
from echodfkd.segmenter import Segmenter

FEW = 5  # frames: with fewer no turn of the area curve shows from both sides
_LOOKED_AT = 8  # masks

CUT_OFF = "The LV mask runs along the edge of the picture: part of the LV may lie outside, EF is unreliable."
MIRRORED = (
    "The clip looks mirrored: the model is far surer of its mirror image; "
    "try {} --flip and compare the pictures."
)
BLACK = "The frames are black."


def remarks(
    sampled: Frames,
    sector: Sector,
    segmenter: Segmenter,
    mask_of: Callable[[int], BoolMask],
    area_px: npt.NDArray[np.float64],
    *,
    named: bool,
    still: bool,
    flip: bool,
    spacing_mm: tuple[float, float] | None,
) -> Iterator[str]:
    """Warnings, one sentence each, the gravest first; of several about the framing only the first.

    Args:
        sampled: uint8 (N, H, W), some frames. mask_of: the clean mask of a frame. area_px: float (T,).
        named: whether the user said where the sector is. still: whether nothing moves.
        flip: whether the model was fed mirrored frames.
    """
    count = len(area_px)
    if not sampled.any() and not area_px.any():
        yield BLACK
        return
    if 1 < count < FEW:
        yield f"Only {count} frames: too few to see a beat, EF is unreliable."
    wrong = None if named else framing(sector)
    if wrong is not None:
        yield wrong
        return
    shown = np.unique(np.linspace(0, count - 1, _LOOKED_AT).round().astype(int))
    if at_the_edge([mask_of(int(index)) for index in shown], sector):
        yield CUT_OFF
    squares = crop(sampled, sector, segmenter.size, spacing_mm)
    if not still and looks_mirrored(squares[:, :, ::-1] if flip else squares, segmenter):
        yield MIRRORED.format("without" if flip else "with")
