"""From whatever a file stores to grey uint8: colour to luma, deep or real-valued pixels to 0..255."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError

PEEK = 8  # frames looked at when a file is opened


def to_grey(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Luma of Rec. 601 (.299 R + .587 G + .114 B), uint8 (H, W, 3) RGB -> (H, W); grey (H, W) stays.

    R = G = B = v gives exactly v.
    """
    return frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


@dataclass(frozen=True)
class Window:
    """A linear map of stored values: `low` and below become 0, `high` and above 255."""

    low: float
    high: float

    def apply(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Values of any shape and number type -> uint8 of the same shape, rounded to nearest."""
        span = (self.high - self.low) or 1.0
        unit = (values.astype(np.float32) - self.low) / span
        return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)


def fit_window(parts: Iterable[npt.NDArray[Any]], where: str) -> tuple[Window, tuple[str, ...]]:
    """The window that brings a whole clip to 0..255, and a note when that changes its contrast.

    Booleans and floats within 0..1 are scaled by 255, numbers within 0..255 are taken as they are, all
    others are stretched from their smallest to their largest value over the clip.

    Args:
        parts: the clip in pieces of any shape, of one number type.
        where: the file, for messages.

    Raises:
        EchoError: when a value is NaN or infinite, or the pixels are no real numbers.
    """
    low, high, kind = np.inf, -np.inf, "f"
    for part in parts:
        kind = part.dtype.kind
        if kind not in "biuf":
            raise EchoError(f"{where}: pixels must be real numbers, got {part.dtype}")
        bounds = float(part.min()), float(part.max())  # NaN and infinity stick to them
        if not np.isfinite(bounds).all():
            raise EchoError(f"{where}: holds NaN or infinite pixels: clean the array and save it again")
        low, high = min(low, bounds[0]), max(high, bounds[1])
    if kind in "bf" and low >= 0 and high <= 1:
        return Window(0, 1), ()
    if low >= 0 and high <= 255:
        return Window(0, 255), ()
    return Window(low, high), (
        f"Pixel values {low:g}..{high:g} were rescaled to 0..255 over the whole clip.",
    )
