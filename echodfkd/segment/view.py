"""How a frame is shown: the sector alone, in true proportions, large enough to read, with outlines."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask
from echodfkd.readers import Source
from echodfkd.sector import Sector
from echodfkd.segment.curve import OUTLINE

RGB = npt.NDArray[np.uint8]  # (h, w, 3)
SIDE = 480  # pixels that the longer side of a shown frame has at least
MAX_SIDE = 720  # and at most


@dataclass(frozen=True, eq=False)
class View:
    """The part of a frame that is shown, and the size (width, height) it is shown at, both even numbers."""

    rows: slice
    columns: slice
    inside: BoolMask
    size: tuple[int, int]

    def grey(self, frame: npt.NDArray[np.uint8]) -> RGB:
        """A frame (H, W) as (h, w, 3), everything outside the sector black (menus and names live there)."""
        shown = np.where(self.inside, frame, 0).astype(np.uint8)[self.rows, self.columns]
        how = cv2.INTER_CUBIC if shown.shape[1] < self.size[0] else cv2.INTER_AREA
        large = cv2.resize(shown, self.size, interpolation=how)
        return np.repeat(large[..., None], 3, axis=2).astype(np.uint8)

    def outlined(self, frame: npt.NDArray[np.uint8], mask: BoolMask) -> RGB:
        """The same with the outline of mask (H, W) on it."""
        picture = self.grey(frame)
        draw_outline(picture, mask[self.rows, self.columns])
        return picture


def draw_outline(
    picture: RGB, mask: BoolMask, thickness: int = 2, colour: tuple[int, int, int] = OUTLINE
) -> None:
    """Draw the outline of mask (H, W) on picture (h, w, 3), in place; `colour` is RGB.

    The enlarged mask is blurred by about a mask pixel, so that its outline is no staircase.
    """
    height, width = picture.shape[:2]
    zoom = max(width / mask.shape[1], 1.0)
    large = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    if zoom > 1:
        large = cv2.GaussianBlur(large, (0, 0), 0.8 * zoom)
    outlines, _ = cv2.findContours((large >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.polylines(picture, outlines, True, colour, thickness, cv2.LINE_AA)


def view_of(source: Source, sector: Sector) -> View:
    """The view of an input: cut to its sector, longer side 480..720 pixels, proportions in mm where known."""
    rows, columns = (_extent(np.asarray(sector.mask.any(axis=axis))) for axis in (1, 0))
    row_mm, column_mm = source.spacing_mm or (1.0, 1.0)
    high, wide = (rows.stop - rows.start) * row_mm, (columns.stop - columns.start) * column_mm
    side = min(max(SIDE, rows.stop - rows.start, columns.stop - columns.start), MAX_SIDE)
    scale = side / max(high, wide)
    return View(rows, columns, sector.mask, (_even(wide * scale), _even(high * scale)))


def _extent(any_inside: BoolMask) -> slice:
    at = np.flatnonzero(any_inside)
    return slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, len(any_inside))


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
