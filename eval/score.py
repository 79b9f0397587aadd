"""How one model did on one clip, against one reference: labels of the clip, or a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.beats import Beat, Events, echonet_systoles, filling, pair_beats
from echodfkd.clip import BoolMask, Clip
from echodfkd.errors import EchoError
from echodfkd.eval import afd
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.dice import dice_per_image, overlap
from echodfkd.eval.events import Matches, half_cycle, match_clip, match_events
from echodfkd.eval.reference import Reference, find, labels_of, teacher_of
from echodfkd.eval.surface import surface_distances
from echodfkd.heads.features import Rows, frame_features
from echodfkd.heads.head import Head, find_head
from echodfkd.segment.masks import HALF, lv_masks
from echodfkd.segment.measure import beat_result
from echodfkd.segment.result import BeatResult, counted
from echodfkd.segmenter import Prob, Segmenter
from echodfkd.teachers.label import soft_squares

__all__ = ["ClipScore", "Predicted", "Reference", "find", "labels_of", "predict", "score_clip", "teacher_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model found in a clip.

    Attributes:
        prob: LV probability uint8 (T, H, W) at the clip's own resolution, 255 = certain.
        head: the learned head that belongs to the model, None without one. rows: what it reads.
    """

    prob: Prob
    head: Head | None = None
    rows: Rows | None = None


def predict(clip: Clip, segmenter: Segmenter) -> Predicted:
    """Run a model on a clip, as `segment` would: frames that are not square are cut to their sector."""
    squares, prob = soft_squares(clip.frames, segmenter)
    head = find_head(segmenter)
    return Predicted(prob, head, None if head is None else frame_features(squares))


def score_clip(
    clip: Clip, predicted: Predicted, reference: Reference, echonet_systole: bool = False
) -> ClipScore:
    """Judge what a model found in a clip.

    Args:
        echonet_systole: also find ES by EchoNet-Dynamic's published detector, on its area curve.

    Raises:
        EchoError: if the masks are of another shape than the reference.
    """
    masks = lv_masks(predicted.prob)
    judged = masks if reference.frames is None else masks[list(reference.frames)]
    counts, dice = overlap(judged, reference.mask), dice_per_image(judged, reference.mask)
    found = find(clip, masks, predicted.head, predicted.rows)
    ed, es = match_clip(found.events, reference.events, clip.fps, reference.one_beat_marked)
    curve = afd.area_curve(predicted.prob)
    size = (predicted.prob >= HALF).sum((1, 2)).astype(np.int64)
    return ClipScore(
        clip=clip.name,
        fps=clip.fps,
        dice=dice,
        counts=counts,
        area_error=_area_error(judged, reference.mask),
        ed=ed,
        es=es,
        ef_found=np.nan if found.ef is None else found.ef,
        ef_true=np.nan if reference.ef is None else reference.ef,
        warnings=found.warnings,
        ef_interval=found.ef_interval or (np.nan, np.nan),
        distances=surface_distances(judged, reference.mask, clip.spacing_mm or (1.0, 1.0)),
        in_mm=clip.spacing_mm is not None,
        at_ed=reference.rows(reference.events.ed),
        at_es=reference.rows(reference.events.es),
        afd_ed=_guided(curve, reference.events.ed, "ed"),
        afd_es=_guided(curve, reference.events.es, "es"),
        beat_ef=_beat_ef(clip, counted(found.beats), es, reference),
        es_echonet=_echonet_es(size, reference, clip.fps) if echonet_systole else None,
        size=size,
        events=reference.events,
        sparse=reference.frames is not None,
    )


def _area_error(found: BoolMask, true: BoolMask) -> Floats:
    """|found - true| / true area in percent, of the images (N,) where there is a true one."""
    area, true_area = found.sum((1, 2)), true.sum((1, 2))
    seen = true_area > 0
    return np.asarray(100 * np.abs(area[seen] - true_area[seen]) / true_area[seen], np.float64)


def _guided(curve: Floats, references: Sequence[int], kind: str) -> Floats:
    """aFD of a clip: |chosen - reference| in frames for each reference frame."""
    return afd.distances([curve] * len(references), references, kind)


def _echonet_es(size: Ints, reference: Reference, fps: float | None) -> Matches:
    found = echonet_systoles(size)
    tolerance = half_cycle(reference.events, Events((), found))
    matches = match_events(found, reference.events.es, tolerance, fps)
    return Matches(matches.pairs, matches.misses, (), fps) if reference.one_beat_marked else matches


def _beat_ef(clip: Clip, beats: Sequence[BeatResult], es: Matches, reference: Reference) -> Floats:
    """EF found and true of the beats that the reference has too, (B, 2): both by disks on masks."""
    true = {beat.es: beat for beat in pair_beats(reference.events, len(clip)) or filling(reference.events)}
    pairs = []
    for beat in beats:
        match = next((frame for found, frame in es.pairs if found == beat.es), None)
        if match in true:
            ends = [reference.at(frame) for frame in (true[match].ed, true[match].es)]
            pairs.append((beat.ef, _disk_ef(true[match], ends, clip)))
    known = [pair for pair in pairs if np.isfinite(pair).all()]
    return np.array(known, np.float64).reshape(-1, 2)


def _disk_ef(beat: Beat, ends: Sequence[BoolMask | None], clip: Clip) -> float:
    """EF of a beat by its two masks; NaN where one is missing, empty or too small."""
    ed, es = ends
    if ed is None or es is None:
        return np.nan
    try:
        return beat_result(beat, ed, es, clip.spacing_mm).ef
    except EchoError:
        return np.nan
