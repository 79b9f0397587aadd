"""How one model did on one clip, against one reference: labels of the clip, or a teacher."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.beats import Events
from echodfkd.clip import BoolMask, Clip
from echodfkd.errors import EchoError
from echodfkd.eval.dice import dice_per_image, overlap
from echodfkd.eval.events import Matches, match_clip
from echodfkd.heads.features import Rows, frame_features
from echodfkd.heads.head import Head, find_head
from echodfkd.segment.masks import lv_masks
from echodfkd.segment.measure import Findings, measure
from echodfkd.segmenter import Prob, Segmenter
from echodfkd.teachers.label import soft_squares

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """What a clip is judged against.

    Attributes:
        name: "labels", or "teacher NAME".
        mask: bool (T, H, W). events: ED and ES frames. ef: percent; None when unknown.
        events_from: where the events come from, in words.
    """

    name: str
    mask: BoolMask
    events: Events
    ef: float | None
    events_from: str


@dataclass(frozen=True)
class ClipScore:
    """Figures of one clip. T frames.

    Attributes:
        clip: its name. fps: Hz, None when unknown.
        dice: (T,), per image. counts: (T, 2), see `dice.overlap`.
        area_error: (T',), |found - true| / true in percent, where the reference has an LV.
        ed, es: matched events. ef_found, ef_true: percent, NaN when unknown.
        ef_interval: 90% interval of the EF found, (NaN, NaN) without one.
        warnings: what the measurement remarked.
    """

    clip: str
    fps: float | None
    dice: Floats
    counts: npt.NDArray[np.int64]
    area_error: Floats
    ed: Matches
    es: Matches
    ef_found: float
    ef_true: float
    warnings: tuple[str, ...]
    ef_interval: tuple[float, float] = (np.nan, np.nan)


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


def find(clip: Clip, masks: BoolMask, head: Head | None = None, rows: Rows | None = None) -> Findings:
    """Events and EF of clean masks (T, H, W), by the same steps as `echodfkd segment`."""
    area = masks.sum((1, 2)).astype(np.float64)
    return measure(
        area,
        lambda frame: masks[frame],
        sector_px=int(clip.sector.sum()) if clip.sector is not None else masks[0].size,
        fps=clip.fps,
        spacing_mm=clip.spacing_mm,
        head=head,
        rows=rows,
    )


def labels_of(clip: Clip) -> Reference:
    """The clip's own labels as reference; events that nobody marked are read off the labels' area curve.

    Raises:
        EchoError: if the clip has no masks.
    """
    if clip.lv is None:
        raise EchoError(
            f"clip {clip.name!r} has no exact masks; compare with a teacher instead: "
            "--teacher sim --reference teacher"
        )
    marked = Events(clip.ed_frames, clip.es_frames)
    if marked.ed or marked.es:
        return Reference("labels", clip.lv, marked, clip.ef, "marked ED and ES frames")
    found = find(clip, clip.lv)
    return Reference("labels", clip.lv, found.events, clip.ef, "ED and ES read off the labels' area curve")


def teacher_of(clip: Clip, name: str, prob: Prob) -> Reference:
    """A teacher's soft masks (T, H, W) as reference: agreement with it is not accuracy."""
    masks = lv_masks(prob)
    found = find(clip, masks)
    return Reference(
        f"teacher {name}", masks, found.events, found.ef, "ED and ES read off the teacher's area curve"
    )


def score_clip(clip: Clip, predicted: Predicted, reference: Reference) -> ClipScore:
    """Judge what a model found in a clip.

    Raises:
        EchoError: if the masks are of another shape than the reference.
    """
    masks = lv_masks(predicted.prob)
    found = find(clip, masks, predicted.head, predicted.rows)
    true_area, area = reference.mask.sum((1, 2)), masks.sum((1, 2))
    seen = true_area > 0
    ed, es = match_clip(found.events, reference.events, clip.fps)
    return ClipScore(
        clip=clip.name,
        fps=clip.fps,
        dice=dice_per_image(masks, reference.mask),
        counts=overlap(masks, reference.mask),
        area_error=100 * np.abs(area[seen] - true_area[seen]) / true_area[seen],
        ed=ed,
        es=es,
        ef_found=np.nan if found.ef is None else found.ef,
        ef_true=np.nan if reference.ef is None else reference.ef,
        warnings=found.warnings,
        ef_interval=found.ef_interval or (np.nan, np.nan),
    )
