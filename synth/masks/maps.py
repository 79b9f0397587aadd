"""A label map of one moment, and a sequence of them: what readers, motions and generators hand each other."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Label, Mask
from echodfkd.errors import EchoError


@dataclass(frozen=True, eq=False)
class LabelMap:
    """The chambers of one heart at end-diastole, validated once and never mutated.

    Args:
        classes: uint8 (H, W), values of `Label`; some of it is LV.
        cone: bool (H, W), True inside the ultrasound cone; None when unknown (`complete.complete` fits one).
        spacing_mm: side of a pixel in mm; None when unknown.
        notes: warnings that the user should see, one sentence each.

    Raises:
        EchoError: if shapes, types or values do not fit, or there is no LV.
    """

    classes: npt.NDArray[np.uint8]
    cone: BoolMask | None = None
    spacing_mm: float | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (
            self.classes.ndim != 2
            or self.classes.dtype != np.uint8
            or self.classes.max(initial=0) > max(Label)
        ):
            raise EchoError(
                f"a label map must be uint8 (H, W) with values 0..{int(max(Label))}, "
                f"got {self.classes.dtype} {self.classes.shape}"
            )
        if not self.lv.any():
            raise EchoError("a label map needs an LV, this one has none")
        _check_cone(self.cone, self.classes.shape)

    @property
    def lv(self) -> BoolMask:
        """The LV cavity, bool (H, W)."""
        return np.asarray(self.classes == Label.LV)

    def with_(self, **changes: Any) -> "LabelMap":
        """A copy with some fields replaced (validated again)."""
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class LabelVideo:
    """Label maps over time, with what is known about their beats.

    Args:
        mask: uint8 (T, H, W), values of `Label`, T >= 1.
        cone: bool (H, W), as of `LabelMap`.
        fps: frames per second in Hz.
        ed_frames, es_frames: 0-based, ascending; None where nothing beats.
        ef: percent, by the method of disks on the masks of ED and ES; None where nothing beats.
        edv_ml, esv_ml: volumes in ml; None without a spacing or where nothing beats.
        spacing_mm: side of a pixel in mm; None when unknown.

    Raises:
        EchoError: if shapes or types do not fit.
    """

    mask: Mask
    cone: BoolMask | None
    fps: float
    ed_frames: tuple[int, ...] | None = None
    es_frames: tuple[int, ...] | None = None
    ef: float | None = None
    edv_ml: float | None = None
    esv_ml: float | None = None
    spacing_mm: float | None = None

    def __post_init__(self) -> None:
        if self.mask.ndim != 3 or self.mask.dtype != np.uint8 or 0 in self.mask.shape:
            raise EchoError(
                f"label maps over time must be uint8 (T, H, W), got {self.mask.dtype} {self.mask.shape}"
            )
        _check_cone(self.cone, self.mask.shape[1:])

    def __len__(self) -> int:
        """Number of frames T."""
        return len(self.mask)


def _check_cone(cone: BoolMask | None, shape: tuple[int, ...]) -> None:
    if cone is not None and (cone.shape != shape or cone.dtype != np.bool_):
        raise EchoError(f"a cone must be bool {shape} as its label map, got {cone.dtype} {cone.shape}")
