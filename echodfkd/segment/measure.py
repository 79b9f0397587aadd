"""From LV masks to area, ED and ES, heart rate and EF by the method of disks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from echodfkd.beats import (
    Beat,
    Events,
    detect_events,
    filling,
    heart_rate_bpm,
    pair_beats,
)
from echodfkd.beats_head import detect_events_with_head
from echodfkd.clip import BoolMask
from echodfkd.errors import EchoError
from echodfkd.heads.channels import Channels, channels
from echodfkd.heads.features import Rows
from echodfkd.heads.reading import Reader, Reading
from echodfkd.segment.result import EF_METHOD, BeatResult, counted, mean
from echodfkd.turns import nominal_fps
from echodfkd.volume import disk_volume, ejection_fraction

# An LV cavity fills 5..25% of an apical sector; outside these limits the model has found something else.
MIN_SHARE, MAX_SHARE = 0.005, 0.5
DOUBTFUL = 0.5  # a chance of an apical LV below it is said
SLOWEST = 2.0  # Hz, for a head: slower clips show no beat, yet its clock would give them steps without end

MaskOf = Callable[[int], BoolMask]  # frame index -> clean mask (H, W)
Spacing = tuple[float, float]


@dataclass(frozen=True)
class Findings:
    """What the area curve and the masks of a clip say."""

    events: Events
    beats: tuple[BeatResult, ...]
    ef: float | None
    heart_rate_bpm: float | None
    warnings: tuple[str, ...]
    ef_method: str = EF_METHOD
    ef_interval: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Curves:
    """A clip's curves and the head that reads them: rows (T, F) of `frame_features`, fps in Hz."""

    head: Reader
    rows: Rows
    fps: float

    @cached_property
    def channels(self) -> Channels:
        """What the head's network reads, made once for both readings."""
        return channels(self.rows, self.fps)

    def read(self, ef: float | None = None, half: bool = True) -> Reading:
        """What the head makes of the clip, given the masks' own EF in percent."""
        return self.head.read_channels(self.channels, len(self.rows), self.fps, ef, half)


def measure(
    area_px: npt.NDArray[np.float64],
    mask_of: MaskOf,
    *,
    sector_px: int,
    fps: float | None,
    spacing_mm: Spacing | None,
    head: Reader | None = None,
    rows: Rows | None = None,
) -> Findings:
    """ED, ES, heart rate and EF of a clip.

    With a head, it helps to find the beats, corrects the EF of the disks, gives it an interval, and may find
    that there is no LV.

    Args:
        area_px: float (T,), LV area per frame in pixels. mask_of: gives the mask of a frame.
        sector_px: pixels inside the ultrasound sector, the yardstick of a plausible area.
        fps: Hz or None. spacing_mm: (row, column) or None; then pixels are taken as square.
        head: reads `rows`, (T, F) of `frame_features` of the soft masks; None leaves all to the masks.
    """
    nothing = no_lv(area_px, sector_px)
    if nothing is not None:
        return Findings(Events((), ()), (), None, None, (nothing,))
    if len(area_px) == 1:
        return Findings(Events((), ()), (), None, None, ("A single frame: a mask, but no beat and no EF.",))
    if head is None or rows is None:
        return _of_masks(detect_events(area_px, fps), mask_of, len(area_px), fps, spacing_mm)
    curves = Curves(head, rows, max(fps or nominal_fps(area_px), SLOWEST))
    seen = curves.read()
    if seen.lv is not None and head.lv_limit is not None and seen.lv < head.lv_limit:
        return Findings(Events((), ()), (), None, None, (_no_apical_lv(seen.lv),))
    events = detect_events_with_head(area_px, seen.ed, seen.es, fps)
    found = _by_head(_of_masks(events, mask_of, len(area_px), fps, spacing_mm), curves, seen)
    return replace(found, warnings=(*found.warnings, *_doubts(seen)))


def _of_masks(
    events: Events, mask_of: MaskOf, frames: int, fps: float | None, spacing_mm: Spacing | None
) -> Findings:
    """Beats, heart rate and EF by the method of disks."""
    pairs = pair_beats(events, frames) or filling(events)
    beats, warnings = _beats(pairs, mask_of, spacing_mm)
    ef = mean([beat.ef for beat in counted(beats)])
    warnings += _remarks(beats, fps=fps, spacing_mm=spacing_mm)
    return Findings(events, beats, ef, heart_rate_bpm(events, fps), tuple(warnings))


def _by_head(found: Findings, curves: Curves, seen: Reading) -> Findings:
    """The findings with the head's EF, its interval, and how sure each beat is; beats keep their own EF.

    A head in doubt reads curves unlike those that it learned from: then EF stays that of the masks.
    """
    if found.ef is None:
        return found
    found = replace(found, beats=tuple(replace(b, confidence=_confidence(b, seen)) for b in found.beats))
    if _doubts(seen):
        return found
    reading = curves.read(found.ef, not any(beat.complete for beat in found.beats))
    method = f"learned-head:{curves.head.name}"
    return replace(found, ef=reading.ef, ef_method=method, ef_interval=reading.interval)


def _confidence(beat: BeatResult, seen: Reading) -> float:
    """0..1: how clearly the head sees the beat's ED and ES where they were found."""
    near = [
        float(heat[max(at - 1, 0) : at + 2].max()) for heat, at in ((seen.ed, beat.ed), (seen.es, beat.es))
    ]
    return float(np.sqrt(near[0] * near[1])) * (1.0 if seen.lv is None else seen.lv)


def _doubts(seen: Reading) -> tuple[str, ...]:
    """What to say of a clip that may show no apical view, but is not refused."""
    if seen.lv is None or seen.lv >= DOUBTFUL:
        return ()
    return (f"This may be no apical view by the look of its curves ({seen.lv:.0%}): do not trust EF.",)


def _no_apical_lv(chance: float) -> str:
    return f"No LV found: this is no apical view by the look of its curves ({chance:.0%}); EF is not given."


def no_lv(area_px: npt.NDArray[np.float64], sector_px: int) -> str | None:
    """Why these areas are no LV; None when they may be. Asks for a mask in at least half of the frames."""
    share = float(np.mean(area_px > 0))
    if share < 0.5:
        return f"No LV found: a mask in only {share:.0%} of the frames; EF is not given."
    typical = float(np.median(area_px[area_px > 0])) / max(sector_px, 1)
    if not MIN_SHARE <= typical <= MAX_SHARE:
        return f"No LV found: the mask fills {typical:.1%} of the sector, not plausible; EF is not given."
    return None


def _beats(
    pairs: Sequence[Beat], mask_of: MaskOf, spacing_mm: Spacing | None
) -> tuple[tuple[BeatResult, ...], list[str]]:
    found, warnings = [], []
    for pair in pairs:
        try:
            found.append(beat_result(pair, mask_of(pair.ed), mask_of(pair.es), spacing_mm))
        except EchoError as error:
            warnings.append(f"The beat of frames {pair.ed} (ED) and {pair.es} (ES) is left out: {error}.")
    return tuple(found), warnings


def beat_result(beat: Beat, ed: BoolMask, es: BoolMask, spacing_mm: Spacing | None) -> BeatResult:
    """EF (and volumes where the spacing is known) of one beat from its ED and ES mask, bool (H, W) each.

    Raises:
        EchoError: if a mask is empty or too small for disks.
    """
    at_ed, at_es = (disk_volume(mask, spacing_mm or (1.0, 1.0)) for mask in (ed, es))
    if not (at_ed.volume_ml > 0 and at_es.volume_ml > 0):
        raise EchoError("the mask of one of the two frames is empty or too small for disks")
    ef = ejection_fraction(at_ed.volume_ml, at_es.volume_ml)
    if spacing_mm is None:
        return BeatResult(beat.ed, beat.es, ef, beat.complete)
    volumes = (at_ed.volume_ml, at_es.volume_ml, at_ed.length_mm)
    return BeatResult(beat.ed, beat.es, ef, beat.complete, *volumes)


def _remarks(beats: Sequence[BeatResult], *, fps: float | None, spacing_mm: Spacing | None) -> list[str]:
    remarks = []
    if fps is None:
        remarks.append("Frames per second unknown: no heart rate; give --fps.")
    if spacing_mm is None:
        remarks.append("Pixel spacing unknown: no volumes, EF takes pixels as square; give --spacing.")
    if not beats:
        remarks.append("No beat found: the LV area has no clear largest and smallest frame.")
    elif not any(beat.complete for beat in beats):
        remarks.append("No complete beat: EF is that of half a beat.")
    if any(beat.ef < 0 for beat in beats):
        remarks.append("The LV has a smaller volume at ED than at ES in some beat: do not trust EF.")
    return remarks
