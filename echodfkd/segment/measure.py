"""From LV masks to area, ED and ES, heart rate and EF by the method of disks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.beats import Beat, Events, detect_events, heart_rate_bpm, pair_beats
from echodfkd.clip import BoolMask
from echodfkd.errors import EchoError
from echodfkd.segment.result import BeatResult, counted, mean
from echodfkd.volume import disk_volume, ejection_fraction

# An LV cavity fills 5..25% of an apical sector; outside these limits the model has found something else.
MIN_SHARE, MAX_SHARE = 0.005, 0.5

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


def measure(
    area_px: npt.NDArray[np.float64],
    mask_of: MaskOf,
    *,
    sector_px: int,
    fps: float | None,
    spacing_mm: Spacing | None,
) -> Findings:
    """ED, ES, heart rate and EF of a clip.

    Args:
        area_px: float (T,), LV area per frame in pixels. mask_of: gives the mask of a frame.
        sector_px: pixels inside the ultrasound sector, the yardstick of a plausible area.
        fps: Hz or None. spacing_mm: (row, column) or None; then pixels are taken as square.
    """
    nothing = no_lv(area_px, sector_px)
    if nothing is not None:
        return Findings(Events((), ()), (), None, None, (nothing,))
    if len(area_px) == 1:
        return Findings(Events((), ()), (), None, None, ("A single frame: a mask, but no beat and no EF.",))
    events = detect_events(area_px, fps)
    pairs = pair_beats(events, len(area_px)) or filling(events)
    beats, warnings = _beats(pairs, mask_of, spacing_mm)
    ef = mean([beat.ef for beat in counted(beats)])
    rate = heart_rate_bpm(events, fps)
    warnings += _remarks(beats, fps=fps, spacing_mm=spacing_mm)
    return Findings(events, beats, ef, rate, tuple(warnings))


def no_lv(area_px: npt.NDArray[np.float64], sector_px: int) -> str | None:
    """Why these areas are no LV; None when they may be. Asks for a mask in at least half of the frames."""
    share = float(np.mean(area_px > 0))
    if share < 0.5:
        return f"No LV found: a mask in only {share:.0%} of the frames; EF is not given."
    typical = float(np.median(area_px[area_px > 0])) / max(sector_px, 1)
    if not MIN_SHARE <= typical <= MAX_SHARE:
        return f"No LV found: the mask fills {typical:.1%} of the sector, not plausible; EF is not given."
    return None


def filling(events: Events) -> tuple[Beat, ...]:
    """The half beat of a clip that shows filling only: its ES and the ED behind it."""
    if not (events.ed and events.es):
        return ()
    return (Beat(events.ed[0], events.es[0], complete=False),)


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
