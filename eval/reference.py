"""What a clip is judged against: its own labels (masks, traced frames, EF), or a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echodfkd.beats import Events
from echodfkd.clip import BoolMask, Clip
from echodfkd.errors import EchoError
from echodfkd.heads.features import Rows
from echodfkd.heads.head import Head
from echodfkd.segment.masks import lv_masks
from echodfkd.segment.measure import Findings, measure
from echodfkd.segmenter import Prob
from echodfkd.tracings import Tracing, tracing_to_mask


class LabelError(EchoError):
    """The labels of a set are missing or impossible: not the fault of one file that could be skipped."""


@dataclass(frozen=True)
class Reference:
    """What a clip is judged against.

    Attributes:
        name: "labels", or "teacher NAME".
        mask: bool (N, H, W), one for each judged frame. events: ED and ES frames. ef: percent; None when
            unknown.
        events_from: where the events come from, in words.
        frames: which frames the masks are of, ascending; None: all frames of the clip.
        one_beat_marked: people marked one of several beats, so that other beats found are not false.
    """

    name: str
    mask: BoolMask
    events: Events
    ef: float | None
    events_from: str
    frames: tuple[int, ...] | None = None
    one_beat_marked: bool = False

    def rows(self, frames: Sequence[int]) -> tuple[int, ...]:
        """Places in `mask` of those of some frames that have one."""
        if self.frames is None:
            return tuple(frames)
        return tuple(self.frames.index(frame) for frame in frames if frame in self.frames)

    def at(self, frame: int) -> BoolMask | None:
        """The mask (H, W) of a frame; None where it has none."""
        rows = self.rows([frame])
        return self.mask[rows[0]] if rows else None


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


def labels_of(clip: Clip, tracings: Sequence[Tracing] = ()) -> Reference:
    """The clip's own labels as reference.

    Masks of all frames, else those of its traced frames, else its EF and marked events alone. Events that
    nobody marked are read off the area curve of the masks of all frames.

    Raises:
        LabelError: if the clip has no label at all, or an EF outside 0..100.
        EchoError: if a traced frame lies outside the clip.
    """
    check_ef(clip.name, clip.ef)
    marked = Events(clip.ed_frames, clip.es_frames)
    if clip.lv is None:
        return _sparse_labels(clip, marked, tracings)
    if marked.ed or marked.es:
        return Reference("labels", clip.lv, marked, clip.ef, "marked ED and ES frames")
    found = find(clip, clip.lv)
    return Reference("labels", clip.lv, found.events, clip.ef, "ED and ES read off the labels' area curve")


def _sparse_labels(clip: Clip, marked: Events, tracings: Sequence[Tracing]) -> Reference:
    if not tracings and clip.ef is None and not (marked.ed or marked.es):
        raise LabelError(
            f"clip {clip.name!r} has no labels (masks, tracings, EF or ED/ES frames); compare with a teacher "
            "instead: --teacher sim --reference teacher, or with an auxiliary model: --auxiliary NAME"
        )
    traced = {tracing.frame: tracing_to_mask(tracing.lines, clip.frames.shape[1:]) for tracing in tracings}
    frames = tuple(sorted(traced))
    if frames and not 0 <= frames[0] <= frames[-1] < len(clip):
        raise EchoError(f"clip {clip.name!r}: a traced frame of {frames} is outside its {len(clip)} frames")
    masks = np.stack([traced[k] for k in frames]) if frames else np.zeros((0, *clip.frames.shape[1:]), bool)
    one_beat = len(marked.ed) <= 1 and len(marked.es) <= 1
    words = "the traced ED and ES frames of one beat" if one_beat and frames else "marked ED and ES frames"
    return Reference("labels", masks, marked, clip.ef, words, frames, one_beat)


def check_ef(name: str, ef: float | None) -> None:
    """Refuse what is no percentage. Raises LabelError."""
    if ef is not None and not 0 <= ef <= 100:
        raise LabelError(f"clip {name!r}: its EF must be a percentage of 0 to 100, got {ef:g}")


def teacher_of(clip: Clip, name: str, prob: Prob) -> Reference:
    """A teacher's soft masks (T, H, W) as reference: agreement with it is not accuracy."""
    masks = lv_masks(prob)
    found = find(clip, masks)
    return Reference(
        f"teacher {name}", masks, found.events, found.ef, "ED and ES read off the teacher's area curve"
    )
