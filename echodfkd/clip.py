"""The one type that walks through the house: a clip of grey frames with all that is known about it."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError

Frames = npt.NDArray[np.uint8]  # (T, H, W), grey 0..255
Mask = npt.NDArray[np.uint8]  # (T, H, W), values of `Label`
BoolMask = npt.NDArray[np.bool_]  # (T, H, W) or (H, W)


class Label(IntEnum):
    """Classes of a mask, as stored in `Masks/NAME.npz`."""

    BACKGROUND = 0
    LV = 1
    MYOCARDIUM = 2
    LA = 3
    RV = 4
    RA = 5


@dataclass(frozen=True, eq=False)
class Clip:
    """A cine loop, validated once and never mutated.

    Args:
        frames: uint8 (T, H, W), grey 0..255, T >= 1.
        fps: frames per second in Hz; None when unknown.
        name: file stem, no extension.
        spacing_mm: (row, column) pixel spacing in mm; None when unknown.
        mask: uint8 (T, H, W), values of `Label`; None when there are no exact labels.
        sector: bool (H, W), True inside the ultrasound sector; None when unknown.
        ed_frames, es_frames: 0-based frame indices, ascending.
        ef: ejection fraction in percent, by the method of disks.
        ef_3d: of the volume itself, where it is known.
        edv_ml, esv_ml: volumes in ml.
        view: "a4c" or "a2c"; "sax", "plax" or "none" where no apical LV is seen; None when unknown.
        notes: warnings that a reader wants the user to see, one sentence each.
        slice_mm: distance between frames in mm where they are slices of a volume; None for cine loops.

    Raises:
        EchoError: if shapes, types or ranges do not fit.
    """

    frames: Frames
    fps: float | None = None
    name: str = ""
    spacing_mm: tuple[float, float] | None = None
    mask: Mask | None = None
    sector: BoolMask | None = None
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()
    ef: float | None = None
    edv_ml: float | None = None
    esv_ml: float | None = None
    view: str | None = None
    ef_3d: float | None = None
    notes: tuple[str, ...] = ()
    slice_mm: float | None = None

    def __post_init__(self) -> None:
        where = f"clip {self.name!r}"
        if self.frames.ndim != 3 or self.frames.dtype != np.uint8 or 0 in self.frames.shape:
            raise EchoError(
                f"{where}: frames must be uint8 (T, H, W) with at least one frame, "
                f"got {self.frames.dtype} {self.frames.shape}"
            )
        if self.mask is not None and (self.mask.shape != self.frames.shape or self.mask.dtype != np.uint8):
            raise EchoError(
                f"{where}: mask must be uint8 {self.frames.shape} as its frames, "
                f"got {self.mask.dtype} {self.mask.shape}"
            )
        if self.sector is not None and (
            self.sector.shape != self.frames.shape[1:] or self.sector.dtype != np.bool_
        ):
            raise EchoError(
                f"{where}: sector must be bool {self.frames.shape[1:]} as its frames, "
                f"got {self.sector.dtype} {self.sector.shape}"
            )
        if self.fps is not None and not 0 < self.fps < 10_000:
            raise EchoError(f"{where}: fps must be between 0 and 10000 Hz, got {self.fps}")
        if self.spacing_mm is not None and not all(0 < s < 100 for s in self.spacing_mm):
            raise EchoError(f"{where}: pixel spacing must be between 0 and 100 mm, got {self.spacing_mm}")
        if self.slice_mm is not None and not 0 < self.slice_mm < 100:
            raise EchoError(f"{where}: slices must be between 0 and 100 mm apart, got {self.slice_mm}")
        for index in (*self.ed_frames, *self.es_frames):
            if not 0 <= index < len(self.frames):
                raise EchoError(f"{where}: event frame {index} is outside its {len(self.frames)} frames")

    def __len__(self) -> int:
        """Number of frames T."""
        return len(self.frames)

    @property
    def lv(self) -> BoolMask | None:
        """The exact LV cavity, bool (T, H, W); None without labels."""
        return None if self.mask is None else self.mask == Label.LV

    def with_(self, **changes: Any) -> "Clip":
        """A copy with some fields replaced (validated again)."""
        return replace(self, **changes)
