"""Does the judge deserve trust? Its scores of masks whose true Dice is known, beside judges that see less.

The masks: true ones made worse in known ways (`degrade`), and those of real models. The other judges: by area
alone, by the mean shape of the other clips, and the auxiliary itself before frames that are not the masks'
own. T frames of a clip, thinned to `RATE`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from echodfkd.clip import BoolMask, Clip, Frames
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.base import Auxiliary
from echodfkd.eval.auxiliary.degrade import degradations
from echodfkd.eval.auxiliary.raters import Rater, rater_of
from echodfkd.eval.dice import dice_per_image
from echodfkd.progress import Track, silent
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Segmenter
from echodfkd.teachers.label import soft_squares

RATE, FRAMES = 10.0, 16  # Hz, frames: what is looked at of a clip
NULL_CLIPS = 8  # the auxiliary sees wrong frames on so many clips: enough to tell it from none
SIZE = 56  # side of the mean shape


@dataclass
class Item:
    """One set of masks of one clip.

    Attributes:
        clip: its name. what: how the masks came about. model: whether a model made them.
        dice: mean over frames, 0..1. scores: of each judge by its name.
    """

    clip: str
    what: str
    model: bool
    dice: float
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Shown:
    """A clip as the judges see it, and all the masks that they rate."""

    clip: Clip
    masks: tuple[tuple[str, bool, BoolMask], ...]


def validate(
    auxiliary: Auxiliary, clips: ClipSet, models: Sequence[Segmenter], seed: int = 0, track: Track = silent
) -> list[Item]:
    """Rate degraded masks and those of models on every labelled clip of a set.

    Raises:
        UsageError: if the auxiliary does not judge masks.
        EchoError: if fewer than two clips have exact masks with an LV.
    """
    rater = rater_of(auxiliary)
    shown = list(_shown(clips, models, seed, track))
    if len(shown) < 2:
        raise EchoError(
            f"--validate-auxiliary needs two clips or more with exact masks, and {clips.root} has "
            f"{len(shown)}: make some with `echodfkd synth DATA --clips 32`"
        )
    items: list[Item] = []
    for number, one in track(enumerate(shown), f"judging by {auxiliary.name}", len(shown)):
        others = [other.clip for other in shown if other is not one]
        judges = {"auxiliary": rater, "area alone": area_alone(others), "mean shape": mean_shape(others)}
        items += _rated(one, judges, number < NULL_CLIPS, shown[number - 1].clip.frames, seed)
    return items


def _shown(clips: ClipSet, models: Sequence[Segmenter], seed: int, track: Track) -> Iterator[Shown]:
    for index, record in track(enumerate(clips.records), "masks to judge", len(clips)):
        clip = thinned(clips.load(record))
        if clip.lv is None or not clip.lv.any():
            continue
        degraded = degradations(clip, np.random.default_rng((seed, index)))
        masks = [(what, False, mask) for what, mask in degraded]
        masks += [(one.name, True, lv_masks(soft_squares(clip.frames, one)[1])) for one in models]
        yield Shown(clip, tuple(masks))


def thinned(clip: Clip) -> Clip:
    """At most `FRAMES` frames of a clip at about `RATE`; events are left out."""
    step = max(1, round((clip.fps or RATE) / RATE))
    chosen = slice(0, FRAMES * step, step)
    mask = None if clip.mask is None else clip.mask[chosen]
    return clip.with_(frames=clip.frames[chosen], mask=mask, ed_frames=(), es_frames=())


def _rated(one: Shown, judges: dict[str, Rater], nulls: bool, other: Frames, seed: int) -> Iterator[Item]:
    assert one.clip.lv is not None
    frames = one.clip.frames
    wrong = _wrong_frames(frames, other, seed) if nulls else {}
    for what, model, masks in one.masks:
        dice = float(dice_per_image(masks, one.clip.lv).mean())
        item = Item(one.clip.name, what, model, dice)
        item.scores = {name: judge(frames, masks) for name, judge in judges.items()}
        for name, seen in wrong.items() if not model else ():
            item.scores[name] = judges["auxiliary"](seen, masks)
        yield item


def _wrong_frames(frames: Frames, other: Frames, seed: int) -> dict[str, Frames]:
    """What a judge is shown instead of the frames (T, H, W), by name: it should then know less."""
    order = np.random.default_rng(seed).permutation(len(frames))
    wrong = {
        "null: shuffled frames": frames[order],
        "null: one frame for all": frames[:1].repeat(len(frames), 0),
    }
    if other.shape[1:] == frames.shape[1:]:
        wrong["null: frames of another clip"] = other[np.arange(len(frames)) % len(other)]
    return wrong


def area_alone(others: Sequence[Clip]) -> Rater:
    """How near the area of a mask is to that of other clips' true masks: minus the distance of logarithms."""
    usual = float(np.mean([np.log(_share(clip.lv)) for clip in others if clip.lv is not None]))
    return lambda frames, masks: -abs(float(np.log(_share(masks))) - usual)


def _share(masks: BoolMask | None) -> float:
    assert masks is not None
    return max(float(masks.mean()), 1e-4)


def mean_shape(others: Sequence[Clip]) -> Rater:
    """Dice of a mask with the place that most other clips' true masks cover."""
    mean = np.mean([_small(clip.lv).mean(0) for clip in others if clip.lv is not None], axis=0)
    shape = mean >= min(0.5, 0.9 * float(mean.max()))

    def rate(frames: Frames, masks: BoolMask) -> float:
        wanted = np.broadcast_to(shape, (len(masks), SIZE, SIZE))
        return float(dice_per_image(_small(masks) >= 0.5, wanted).mean())

    return rate


def _small(masks: BoolMask) -> np.ndarray:
    """Shares of SIZE x SIZE cells, float (T, SIZE, SIZE)."""
    small, how = (SIZE, SIZE), cv2.INTER_AREA
    return np.stack([cv2.resize(mask.astype(np.float32), small, interpolation=how) for mask in masks])
