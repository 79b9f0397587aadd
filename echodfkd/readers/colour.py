"""Colour Doppler is noticed while frames pass, since all that comes after the readers is grey."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from echodfkd.readers.intensity import to_grey

Picture = npt.NDArray[np.uint8]  # (H, W) grey or (H, W, 3) RGB

_LIT = 48  # the brightest channel of a pixel that shows something
_SATURATED = 0.5  # (max - min) / max of RGB; most tinted B-mode maps (sepia, blue) stay below
_MUCH = 0.04  # share of the lit pixels; thin ECG traces and markers stay below
_ALL = 0.85  # share beyond which the whole picture is tinted; no Doppler box covers as much
_SEVERAL = 2  # frames; a single one among many is a decoding error
_SIDE = 128  # pixels of the shorter side that are looked at, so that large frames cost no more


class ColourWatch:
    """Turns frames to grey and remembers how much of each was coloured; the longest pass counts."""

    def __init__(self) -> None:
        self._shares: list[float] = []

    def grey(self, frames: Iterable[Picture]) -> Iterator[Picture]:
        """Frames, uint8 (H, W, 3) RGB or (H, W), as grey (H, W), one by one."""
        shares: list[float] = []
        for frame in frames:
            shares.append(coloured_share(frame))
            if len(shares) > len(self._shares):
                self._shares = shares
            yield to_grey(frame)

    def notes(self) -> tuple[str, ...]:
        """A warning when several of the frames seen so far show colour Doppler; none otherwise."""
        flow = [share for share in self._shares if _MUCH < share < _ALL]
        if len(flow) < min(_SEVERAL, max(len(self._shares), 1)):
            return ()
        return (
            f"Colour Doppler in {len(flow)} of {len(self._shares)} frames (on up to {max(flow):.0%} of what "
            "is lit): masks under it are unreliable; use a clip without colour.",
        )


def coloured_share(frame: Picture) -> float:
    """Share (0..1) of strongly coloured among lit pixels in the middle, where no banner or colour bar stands.

    A frame without three channels has no colour.
    """
    if frame.ndim == 2:
        return 0.0
    height, width = frame.shape[:2]
    step = max(1, min(height, width) // _SIDE)
    middle = frame[height // 5 : height - height // 10 : step, width // 6 : width - width // 6 : step]
    if middle.size == 0:
        return 0.0
    high, low = middle.max(axis=2).astype(np.int16), middle.min(axis=2).astype(np.int16)
    lit = high > _LIT
    coloured = lit & (high - low > _SATURATED * high)
    return float(coloured.sum() / max(lit.sum(), 1))
