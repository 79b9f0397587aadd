"""How a text-image model judges LV masks where nobody has labels.

Published (EchoDFKD, arXiv 2409.07566), for a mask m, with frames blacked out inside it:

    S(m) = sim(WALL | m black) + sim(NOTHING | m+ black) - sim(LEFT VENTRICLE | m+ black)

mean over frames. m+ is m dilated by 5x5, but the published code never uses it: m stands in all three places.
So too large a mask is not punished, and an empty one has a score like any other.

Corrected, the default here:

    C(m) = S(m), with m+ applied, + sim(LEFT VENTRICLE | only m shown) - sim(WALL | only m shown)
    score = C(m) - mean over k of C(m moved by k)

The two terms added fall when wall comes into the mask. The mask moved (left, right, down, around the edges)
has the same area, so that what blacking out alone does cancels: an empty mask and one that covers the whole
frame have the score 0 whatever the model, and only the right place and form gain.
"""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Frames
from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.base import TextImage, Words
from echodfkd.eval.auxiliary.scores import Questions, binary_metric
from echodfkd.segmenter import Prob

THRESHOLD = 127  # of 255; the published code masks above it
KERNEL = 5  # of the dilation, in pixels of a frame of 112
FRAMES = 8  # evenly spread; the published form takes every frame
MOVES = ((0.0, -0.25), (0.0, 0.25), (0.375, 0.0))  # down, right, as shares of the side: to other structures
OVERSIZE = 1.5  # radius of the oversized mask against the mask's own

_FORM = {
    True: "as published: sim(wall, LV black) + sim(nothing, LV black) - sim(left ventricle, LV black); "
    "the dilation is not applied, and too large a mask is not punished",
    False: "corrected: sim(wall, LV black) + sim(nothing, dilated LV black) - sim(left ventricle, dilated LV "
    "black) + sim(left ventricle, LV alone) - sim(wall, LV alone), less the mean of the same mask moved",
}


def words(published: bool) -> dict[str, Words]:
    """Title and definition of each score."""
    form = f"mean over frames, then clips; {_FORM[published]}"
    empty = "an empty mask, by the same formula" + ("" if published else ": 0, for nothing can be moved")
    large = "each mask grown to 1.5 times its radius, by the same formula"
    return {
        "mask_score": Words("Mask score", "", 4, form),
        "mask_score_null": Words("Mask score, null control", "", 4, empty),
        "mask_score_oversized": Words("Mask score, oversized control", "", 4, large),
    }


def mask_scores(
    model: TextImage, questions: Questions, frames: Frames, prob: Prob, published: bool = False
) -> Iterator[tuple[str, float]]:
    """`mask_score` and its controls `mask_score_null` and `mask_score_oversized` for one clip.

    Args:
        frames: uint8 (T, H, W). prob: soft LV masks of that shape, 255 = certain.
        published: by the published formula, faults and all.

    Raises:
        EchoError: if the masks are of another shape than the frames.
    """
    if prob.shape != frames.shape:
        raise EchoError(f"masks of {prob.shape} do not belong to frames of {frames.shape}")
    chosen = np.arange(len(frames)) if published else evenly_spread(len(frames))
    seen, masks = frames[chosen], prob[chosen] > THRESHOLD
    rate = _published if published else _contrast
    yield "mask_score", rate(model, questions, seen, masks)
    yield "mask_score_null", rate(model, questions, seen, np.zeros_like(masks))
    yield "mask_score_oversized", rate(model, questions, seen, oversized(masks))


def evenly_spread(frames: int, count: int = FRAMES) -> npt.NDArray[np.int64]:
    """At most `count` frame numbers, evenly spread over the clip."""
    return np.unique(np.linspace(0, frames - 1, min(count, frames)).round().astype(np.int64))


def _published(model: TextImage, questions: Questions, frames: Frames, masks: BoolMask) -> float:
    seen = model.embed_frames(np.where(masks, np.uint8(0), frames))
    wall, nothing, lv = (binary_metric(seen, questions[n]) for n in ("wall", "nothing", "left_ventricle"))
    return wall + nothing - lv


def _contrast(model: TextImage, questions: Questions, frames: Frames, masks: BoolMask) -> float:
    """The corrected score; frames whose mask is empty or full count 0, as each move leaves them alike."""
    partial = masks.any(axis=(1, 2)) & ~masks.all(axis=(1, 2))
    if not partial.any():
        return 0.0
    pictures, found = frames[partial], masks[partial]
    moved = [_corrected(model, questions, pictures, moved_by(found, move)) for move in MOVES]
    own = _corrected(model, questions, pictures, found)
    return (own - float(np.mean(moved))) * float(partial.mean())


def _corrected(model: TextImage, questions: Questions, frames: Frames, masks: BoolMask) -> float:
    none = np.uint8(0)
    blacked, wide, alone = (
        model.embed_frames(np.where(hidden, none, frames)) for hidden in (masks, dilated(masks), ~masks)
    )
    wall, nothing, lv = (questions[name] for name in ("wall", "nothing", "left_ventricle"))
    outside = binary_metric(blacked, wall) + binary_metric(wide, nothing) - binary_metric(wide, lv)
    return outside + binary_metric(alone, lv) - binary_metric(alone, wall)


def moved_by(masks: BoolMask, move: tuple[float, float]) -> BoolMask:
    """Masks (T, H, W) moved down and right by shares of the height and width, around the edges."""
    down, right = (round(share * side) for share, side in zip(move, masks.shape[1:], strict=True))
    return np.roll(masks, (down, right), axis=(1, 2))


def dilated(masks: BoolMask) -> BoolMask:
    """Masks (T, H, W) dilated by a square of 5x5 at a height of 112, in proportion at another."""
    side = 2 * max(1, round((KERNEL // 2) * masks.shape[1] / 112)) + 1
    return _dilate(masks, np.ones((side, side), np.uint8))


def oversized(masks: BoolMask) -> BoolMask:
    """Masks (T, H, W) grown to about 1.5 times the radius of a disc of their mean area."""
    radius = np.sqrt(masks.sum() / max(1, int(masks.any(axis=(1, 2)).sum())) / np.pi)
    grow = max(1, round((OVERSIZE - 1) * radius))
    return _dilate(masks, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1)))


def _dilate(masks: BoolMask, kernel: Any) -> BoolMask:
    return np.stack([cv2.dilate(mask.astype(np.uint8), kernel) > 0 for mask in masks])
