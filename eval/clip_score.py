"""What is known of one clip once a model was judged on it."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from echodfkd.beats import Events
from echodfkd.eval.dice import iou_of
from echodfkd.eval.events import Matches

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _none() -> Floats:
    return np.zeros(0)


def _no_pairs() -> Floats:
    return np.zeros((0, 2))


@dataclass(frozen=True)
class ClipScore:
    """Figures of one clip. T frames, N of them judged: those that the reference has masks of.

    Attributes:
        clip: its name. fps: Hz, None when unknown.
        dice: (N,), per image. counts: (N, 2), see `dice.overlap`.
        area_error: (N',), |found - true| / true in percent, where the reference has an LV.
        ed, es: matched events. ef_found, ef_true: percent, NaN when unknown.
        ef_interval: 90% interval of the EF found, (NaN, NaN) without one.
        warnings: what the measurement remarked.
        distances: (N, 2), HD95 and ASSD, in mm if `in_mm`, else in pixels; (0, 2) where not measured.
        at_ed, at_es: places among the N of the reference's ED and ES frames.
        afd_ed, afd_es: guided distance in frames to each of the reference's frames, NaN on a constant curve.
        beat_ef: (B, 2), EF found and true of each matched beat, percent.
        es_echonet: ES matched as EchoNet-Dynamic's detector finds it; None unless asked for.
        size: (T,), pixels of probability .5 or more, as EchoNet-Dynamic counts them (nothing is cleaned).
        events: the reference's ED and ES frames. sparse: the reference has masks of some frames only.
    """

    clip: str
    fps: float | None
    dice: Floats
    counts: Ints
    area_error: Floats
    ed: Matches
    es: Matches
    ef_found: float
    ef_true: float
    warnings: tuple[str, ...]
    ef_interval: tuple[float, float] = (np.nan, np.nan)
    distances: Floats = field(default_factory=_no_pairs)
    in_mm: bool = False
    at_ed: tuple[int, ...] = ()
    at_es: tuple[int, ...] = ()
    afd_ed: Floats = field(default_factory=_none)
    afd_es: Floats = field(default_factory=_none)
    beat_ef: Floats = field(default_factory=_no_pairs)
    es_echonet: Matches | None = None
    size: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    events: Events = field(default_factory=Events)
    sparse: bool = False

    @property
    def iou(self) -> Floats:
        """(N,), per image; both empty: 1."""
        return iou_of(self.counts)
