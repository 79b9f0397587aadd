"""A model for Python: frames in, masks, area curve, ED/ES and EF out.

>>> from echodfkd import Student
>>> found = Student.load("default")(frames, fps=50)  # doctest: +SKIP
>>> found.mask, found.area_px, found.ed_frames, found.ef  # doctest: +SKIP
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Frames
from echodfkd.errors import UsageError
from echodfkd.readers import Source
from echodfkd.segmenter import Prob, Segmenter

if TYPE_CHECKING:
    from echodfkd.segment.result import SegmentResult

Spacing = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Found:
    """What a student finds in a clip of T frames.

    Attributes:
        mask: bool (T, H, W), clean LV masks on the clip's own grid. prob: uint8 (T, H, W), 255 = certain.
        result: events, beats, EF and warnings, as `segment` writes them.
    """

    mask: BoolMask
    prob: Prob
    result: "SegmentResult"

    @property
    def area_px(self) -> npt.NDArray[np.float64]:
        """LV area of each frame in pixels, float (T,)."""
        return self.result.area_px

    @property
    def ed_frames(self) -> tuple[int, ...]:
        """End-diastolic frames, 0-based."""
        return self.result.ed_frames

    @property
    def es_frames(self) -> tuple[int, ...]:
        """End-systolic frames, 0-based."""
        return self.result.es_frames

    @property
    def ef(self) -> float | None:
        """Ejection fraction in percent; None where no beat shows."""
        return self.result.ef


class Student:
    """A trained model.

    Args:
        segmenter: what runs; see `load`.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter

    @classmethod
    def load(cls, name: str | Path = "default", device: str = "auto") -> "Student":
        """The model of a name, a run folder or a file, as `segment --model` takes it.

        Raises:
            UsageError: for an unknown name or device. EchoError: if the file cannot be used.
        """
        from echodfkd.teachers import load_teacher

        return cls(load_teacher(str(name), device=device, kind="model"))

    def __call__(
        self,
        frames: npt.ArrayLike,
        fps: float | None = None,
        spacing_mm: Spacing | None = None,
        box: tuple[int, int, int, int] | None = None,
        flip: bool = False,
    ) -> Found:
        """The LV in a clip.

        Args:
            frames: uint8 grey (T, H, W) or RGB (T, H, W, 3), of any size.
            fps: Hz. spacing_mm: (row, column) of a pixel. box, flip: see `echodfkd.segment.pipeline.segment`.

        Raises:
            UsageError: if the frames are something else.
        """
        from echodfkd.segment.pipeline import segment

        clip = _grey(np.asarray(frames))
        found = segment(_source(clip, fps, spacing_mm), self.segmenter, box=box, flip=flip)
        with found.soft.spool:
            masks, probs = (np.concatenate(list(part)) for part in (found.soft.masks(), found.soft.prob()))
        return Found(masks, probs, found.result)


def _grey(frames: npt.NDArray[Any]) -> Frames:
    from echodfkd.readers.intensity import to_grey

    shape = frames.shape
    if frames.dtype != np.uint8 or 0 in shape or not (len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)):
        raise UsageError(f"frames must be uint8 (T, H, W) or (T, H, W, 3), got {frames.dtype} {shape}")
    return frames if len(shape) == 3 else np.stack([to_grey(frame) for frame in frames])


def _source(clip: Frames, fps: float | None, spacing_mm: Spacing | None) -> Source:
    """The clip as the readers would open it."""

    def opened() -> Iterator[Frames]:
        return iter(clip)

    return Source(
        path=Path("frames"),
        name="frames",
        shape=(clip.shape[1], clip.shape[2]),
        n_frames=len(clip),
        fps=fps,
        spacing_mm=spacing_mm,
        opener=opened,
    )
