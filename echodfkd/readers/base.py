"""An input that is opened but not yet held in memory, and what every reader has in common.

Shapes: T frames, H rows, W columns.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError
from echodfkd.readers.colour import ColourWatch

Grey = npt.NDArray[np.uint8]  # one frame (H, W)
FPS_RANGE = (2.0, 1000.0)  # Hz; outside no cine loop of a heart was ever stored
SPACING_RANGE = (0.01, 5.0)  # mm per pixel; outside it is a placeholder or another unit
# Containers may promise a few frames more than they hold (edit lists); a bigger gap is a cut file.
_MISSING_FRAMES, _MISSING_SHARE = 2, 0.05


@dataclass(frozen=True)
class Given:
    """What the user says about an input; it wins over what the file says.

    Args:
        fps: frames per second in Hz. spacing_mm: (row, column) in mm per pixel.
    """

    fps: float | None = None
    spacing_mm: tuple[float, float] | None = None


NOTHING = Given()


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """A clip on disk, ready to be streamed.

    Args:
        path: the file. name: its stem, nothing from inside the file (patient tags never get here).
        shape: (H, W) of every frame.
        n_frames: what the container promises; None when only a full pass tells. `frames` decides.
        fps: frames per second in Hz; None when unknown.
        spacing_mm: (row, column) in mm per pixel; None when unknown.
        notes: warnings for the user that opening the file brought, one sentence each; see `remarks`.
        watch: what the opener sends its frames through where the file can hold colour.
        ef: ejection fraction in percent, when the file holds it.
        mask: uint8 (T, H, W), values of `Label`, when the file holds it.
        opener: starts a fresh pass over the frames, each uint8 (H, W).
    """

    path: Path
    name: str
    shape: tuple[int, int]
    n_frames: int | None
    opener: Callable[[], Iterator[Grey]] = field(repr=False)
    fps: float | None = None
    spacing_mm: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    ef: float | None = None
    mask: npt.NDArray[np.uint8] | None = field(default=None, repr=False)
    watch: ColourWatch = field(default_factory=ColourWatch, repr=False)

    def frames(self) -> Iterator[Grey]:
        """The frames, uint8 (H, W) each, decoded one at a time; every call starts again at the first.

        Raises:
            EchoError: when a frame cannot be decoded, changes its size, or the file ends too early.
        """
        count = 0
        for frame in self.opener():
            if frame.shape != self.shape:
                raise EchoError(
                    f"{self.path}: frame {count} is {frame.shape}, the frames before are {self.shape}"
                )
            yield frame
            count += 1
        if count == 0 or self._lacks(count):
            raise EchoError(f"{self.path}: truncated, holds {count} of {self.n_frames or '?'} frames")

    def remarks(self) -> tuple[str, ...]:
        """Warnings for the user: the notes, and what showed in the frames that were gone through so far."""
        return self.notes + self.watch.notes()

    def _lacks(self, count: int) -> bool:
        if self.n_frames is None:
            return False
        return self.n_frames - count > max(_MISSING_FRAMES, _MISSING_SHARE * self.n_frames)


def stem(path: Path) -> str:
    """File name without its suffix; ".nii.gz" goes whole, the dots of a DICOM UID stay.

    >>> stem(Path("a/patient1.nii.gz")), stem(Path("1.2.840.113")), stem(Path("b.avi"))
    ('patient1', '1.2.840.113', 'b')
    """
    if path.name.lower().endswith(".nii.gz"):
        return path.name[: -len(".nii.gz")]
    return path.name if path.suffix[1:].isdigit() else path.stem


def plausible_fps(value: Any) -> float | None:
    """`value` as frames per second in Hz, None when it is no number of 2 to 1000."""
    return _within(value, FPS_RANGE)


def plausible_spacing(row: Any, column: Any) -> tuple[float, float] | None:
    """(row, column) in mm per pixel, None unless both are of 0.01 to 5 mm."""
    pair = _within(row, SPACING_RANGE), _within(column, SPACING_RANGE)
    return None if pair[0] is None or pair[1] is None else (pair[0], pair[1])


def _within(value: Any, bounds: tuple[float, float]) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and bounds[0] <= number <= bounds[1] else None
