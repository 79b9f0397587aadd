"""One number for masks on frames from any auxiliary that judges masks: the higher the better."""

from typing import Protocol

import numpy as np

from echodfkd.clip import BoolMask, Clip, Frames
from echodfkd.errors import UsageError
from echodfkd.eval.auxiliary.base import Auxiliary, Judge, OverlapReader, TextImage, kind_of
from echodfkd.eval.auxiliary.mask_score import mask_scores
from echodfkd.eval.auxiliary.rca import RCA
from echodfkd.eval.auxiliary.scores import Questions
from echodfkd.eval.dice import dice_per_image
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Segmenter
from echodfkd.teachers.label import soft_squares


class Rater(Protocol):
    """Rates masks bool (T, H, W) of frames uint8 (T, H, W): the higher the better."""

    def __call__(self, frames: Frames, masks: BoolMask) -> float:
        """A number of no fixed unit."""
        ...


def rater_of(auxiliary: Auxiliary) -> Rater:
    """How an auxiliary rates masks: its expected Dice, its mask score, or its agreement with them.

    Raises:
        UsageError: if it does not judge masks.
    """
    if isinstance(auxiliary, RCA):
        return auxiliary.score
    if isinstance(auxiliary, OverlapReader):
        return _overlap(auxiliary)
    if isinstance(auxiliary, TextImage):
        return _mask_score(auxiliary)
    if isinstance(auxiliary, Judge):
        return _judged(auxiliary)
    if isinstance(auxiliary, Segmenter):
        return Agreement(auxiliary)
    raise blind(auxiliary)


def refuse_blind(auxiliary: Auxiliary) -> None:
    """Raises UsageError if an auxiliary judges no masks."""
    if not isinstance(auxiliary, TextImage | Judge | Segmenter):
        raise blind(auxiliary)


def blind(auxiliary: Auxiliary) -> UsageError:
    """The error for an auxiliary that judges no masks."""
    return UsageError(
        f"{auxiliary.name} is of the kind {kind_of(auxiliary)!r} and judges no masks; "
        "choose simclip, rca, an image-text model or a segmenter"
    )


def _overlap(model: OverlapReader) -> Rater:
    return lambda frames, masks: float(model.overlap(frames, masks).mean())


def _mask_score(model: TextImage) -> Rater:
    questions = Questions(model)

    def rate(frames: Frames, masks: BoolMask) -> float:
        return dict(mask_scores(model, questions, frames, _certain(masks)))["mask_score"]

    return rate


def _judged(judge: Judge) -> Rater:
    def rate(frames: Frames, masks: BoolMask) -> float:
        return next(value for _, value in judge.scores(Clip(frames), _certain(masks)))

    return rate


def _certain(masks: BoolMask) -> np.ndarray:
    return 255 * masks.astype(np.uint8)


class Agreement:
    """Dice with what a segmenter finds itself, which is found once for the same frames."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self._seen: Frames | None = None
        self._found: BoolMask | None = None

    def __call__(self, frames: Frames, masks: BoolMask) -> float:
        """Mean over frames, 0..1."""
        if self._found is None or self._seen is not frames:
            self._seen, self._found = frames, lv_masks(soft_squares(frames, self.segmenter)[1])
        return float(dice_per_image(masks, self._found).mean())
