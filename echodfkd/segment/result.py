"""What is found in one clip, and how it stands in `NAME.json` and in a row of `summary.csv`."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.segmenter import Segmenter

EVENT_DEFINITION = "largest/smallest LV"
EF_METHOD = "MOD-A4C"  # single-plane method of disks in the apical four-chamber view
SUMMARY_COLUMNS = (
    *("name", "status", "frames", "fps", "spacing_row_mm", "spacing_col_mm", "ef", "heart_rate_bpm"),
    *("ef_method", "ef_low", "ef_high", "complete_beats", "edv_ml", "esv_ml", "model", "claim", "warnings"),
)


@dataclass(frozen=True)
class ModelCard:
    """The model behind a result: its name, the sha256 of its weights, and what it has ever seen."""

    name: str
    sha256: str
    claim: str  # "real-free" or "data-free: teacher saw ..."

    @classmethod
    def of(cls, segmenter: Segmenter) -> "ModelCard":
        """The card of a segmenter."""
        return cls(segmenter.name, segmenter.digest, segmenter.claim)


@dataclass(frozen=True)
class BeatResult:
    """One beat: its ED and ES frame (0-based), EF in percent, and volumes where the spacing is known.

    `complete` is False for the half beat of a clip that begins or ends in it. `confidence`, 0..1, is a
    learned head's, None without one. EF is by the method of disks, with a head too.
    """

    ed: int
    es: int
    ef: float
    complete: bool
    edv_ml: float | None = None
    esv_ml: float | None = None
    length_ed_mm: float | None = None
    confidence: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The beat as in `NAME.json`; what is unknown (volumes, length, confidence) is left out."""
        found = {"ed": self.ed, "es": self.es, "ef": _round(self.ef, 2), "complete": self.complete}
        if self.confidence is not None:
            found["confidence"] = _round(self.confidence, 3)
        if self.edv_ml is None:
            return found
        lengths = {"edv_ml": self.edv_ml, "esv_ml": self.esv_ml, "length_ed_mm": self.length_ed_mm}
        return found | {key: _round(value, 2) for key, value in lengths.items()}


@dataclass(frozen=True, eq=False)
class SegmentResult:
    """Everything measured in a clip.

    Args:
        fps: frames per second, None when unknown. spacing_mm: (row, column), None when unknown.
        area_px: float (T,), LV area in pixels of the input.
        ed_frames, es_frames: 0-based. ef: percent; None when no beat was found.
        ef_method: "MOD-A4C", or "learned-head:NAME".
        ef_interval: (low, high) in percent, 90% on held-out simulated clips, from a head that was calibrated
            for it. The method of disks has none: beat-to-beat spread leaves the model's own error out and
            would pass for it.
        convention: tracing convention of the masks. orientation: "as stored" or "flipped".
        warnings: one sentence each.
    """

    name: str
    fps: float | None
    spacing_mm: tuple[float, float] | None
    area_px: npt.NDArray[np.float64]
    ed_frames: tuple[int, ...]
    es_frames: tuple[int, ...]
    heart_rate_bpm: float | None
    beats: tuple[BeatResult, ...]
    ef: float | None
    convention: str
    orientation: str
    model: ModelCard
    warnings: tuple[str, ...] = ()
    ef_method: str = EF_METHOD
    ef_interval: tuple[float, float] | None = None

    def __len__(self) -> int:
        """Number of frames T."""
        return len(self.area_px)

    @property
    def area_cm2(self) -> npt.NDArray[np.float64] | None:
        """LV area in cm2, float (T,); None when the spacing is unknown."""
        return None if self.spacing_mm is None else self.area_px * math.prod(self.spacing_mm) / 100

    def to_json(self) -> dict[str, Any]:
        """The content of `NAME.json`."""
        return {
            "frames": len(self),
            "fps": self.fps,
            "spacing_mm": None if self.spacing_mm is None else list(self.spacing_mm),
            "area_px": [float(area) for area in self.area_px],
            "ed_frames": list(self.ed_frames),
            "es_frames": list(self.es_frames),
            "event_definition": EVENT_DEFINITION,
            "heart_rate_bpm": _round(self.heart_rate_bpm, 1),
            "beats": [beat.to_json() for beat in self.beats],
            "ef": _round(self.ef, 2),
            "ef_method": self.ef_method,
            "ef_interval": self.ef_interval and [_round(end, 2) for end in self.ef_interval],
            "convention": self.convention,
            "orientation": self.orientation,
            "model": {"name": self.model.name, "sha256": self.model.sha256, "claim": self.model.claim},
            "warnings": list(self.warnings),
        }

    def to_row(self) -> dict[str, Any]:
        """The clip's row in `summary.csv`: volumes are means over the beats that make up `ef`."""
        row, column = self.spacing_mm or (None, None)
        used = counted(self.beats)
        low, high = self.ef_interval or (None, None)
        values = {
            "name": self.name,
            "status": "ok",
            "frames": len(self),
            "fps": self.fps,
            "spacing_row_mm": row,
            "spacing_col_mm": column,
            "ef": _round(self.ef, 2),
            "heart_rate_bpm": _round(self.heart_rate_bpm, 1),
            "ef_method": self.ef_method,
            "ef_low": _round(low, 2),
            "ef_high": _round(high, 2),
            "complete_beats": sum(beat.complete for beat in self.beats),
            "edv_ml": _round(mean([b.edv_ml for b in used if b.edv_ml is not None]), 2),
            "esv_ml": _round(mean([b.esv_ml for b in used if b.esv_ml is not None]), 2),
            "model": self.model.name,
            "claim": self.model.claim,
            "warnings": " | ".join(self.warnings),
        }
        return {column: values[column] for column in SUMMARY_COLUMNS}


def counted(beats: tuple[BeatResult, ...]) -> tuple[BeatResult, ...]:
    """The beats that EF is the mean of: the complete ones, or the half beats where there are none."""
    return tuple(beat for beat in beats if beat.complete) or beats


def mean(values: list[float]) -> float | None:
    """Arithmetic mean; None of nothing."""
    return sum(values) / len(values) if values else None


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)
