"""Reverse classification accuracy (Valindria et al., IEEE TMI 2017): a judge that needs no labels.

A tiny segmenter learns from the frames of one clip with its predicted masks as truth, and is scored on
reference clips whose masks are known. If the prediction was right, so is what was learned from it.

The reference clips are drawn from `sim`, from a seed that nothing else is drawn from. Those count that look
most like the clip that is judged, and of these the better half, as in the paper. Nothing is fitted to true
Dice: the constants were chosen on clips of seeds 31001 to 31004. T frames, N reference clips, C features,
S = 112 pixels and G = 28 cells a side.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Clip, Frames
from echodfkd.eval.auxiliary.base import Words
from echodfkd.eval.auxiliary.simclip.model import NOTE, SimClip
from echodfkd.eval.auxiliary.tiny_segmenter import (
    CELL,
    SIZE,
    Components,
    Floats,
    Ridge,
    cell_shares,
    surroundings,
    threshold,
    upsampled,
)
from echodfkd.eval.dice import dice_per_image
from echodfkd.sector import clip_sector, crop
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Prob

SEED = 5_000_011  # of the reference clips
CLIPS, FRAMES, RATE = 64, 2, 2.5  # reference clips, their frames and Hz: near ED and near ES
LEARNED = 16  # frames at most of the clip that is judged
ALIKE, BEST = 0.5, 0.5  # share of the reference clips that look most alike; of these, that score best
UNSTEADY = 0.15  # weight of masks whose size does not follow the picture
FAINT = 36  # pixels: what is added to areas before their logarithm

WORDS = {
    "rca": Words(
        "Reverse classification accuracy",
        "",
        3,
        "Dice of a segmenter that learned from the predicted masks of one clip, on reference clips with "
        f"known masks: mean over the best {BEST:.0%} of those {ALIKE:.0%} that look most alike (Valindria et "
        "al. 2017), less where the size of the masks does not follow the picture; mean over clips",
    )
}


@dataclass(frozen=True, eq=False)
class Judged:
    """What is kept of a clip for the next masks of it.

    Attributes:
        squares: its frames, uint8 (T, S, S). ridge: of them. alike: numbers of the references that count.
    """

    squares: Frames
    ridge: Ridge
    alike: npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class References:
    """Clips with known masks.

    Attributes:
        components: of their features. features: (N, FRAMES, G, G, C). masks: bool (N, FRAMES, S, S).
        looks: mean features of each clip, (N, D).
    """

    components: Components
    features: Floats
    masks: BoolMask
    looks: Floats

    def alike(self, look: Floats) -> npt.NDArray[np.intp]:
        """Numbers of the clips nearest to mean features (D,), each divided by its deviation."""
        away = (((look - self.looks) / (self.looks.std(0) + 1e-6)) ** 2).mean(1)
        return np.argsort(away)[: round(ALIKE * len(away))]


class RCA:
    """The judge.

    Args:
        model: whose features the tiny segmenter reads.
    """

    name = "rca"
    note = NOTE
    words = WORDS

    def __init__(self, model: SimClip) -> None:
        self.model, self.digest, self.claim = model, model.digest, model.claim
        self._last: Judged | None = None

    def scores(self, clip: Clip, prob: Prob) -> Iterator[tuple[str, float]]:
        """`rca` of soft masks uint8 (T, H, W), 0..1; 0 without a masked pixel."""
        yield "rca", self.score(clip.frames, lv_masks(prob))

    def score(self, frames: Frames, masks: BoolMask) -> float:
        """Predicted quality, 0..1, of masks (T, H, W) of frames (T, H, W); 0 for empty ones."""
        chosen = np.unique(np.linspace(0, len(frames) - 1, min(LEARNED, len(frames))).round().astype(int))
        sector = clip_sector(frames)
        wanted = crop(255 * masks[chosen].astype(np.uint8), sector, SIZE) > 127
        if not wanted.any():
            return 0.0
        judged = self._judged(crop(frames[chosen], sector, SIZE))
        weights = judged.ridge.weights(cell_shares(wanted))
        own = judged.ridge.own(weights)
        least = threshold(own, wanted)
        return self._scored(judged, weights, least) * float(np.exp(-UNSTEADY * unsteady(own > least, wanted)))

    def _judged(self, squares: Frames) -> Judged:
        """The ridge of some frames, kept for the next masks of the same ones."""
        if self._last is None or not np.array_equal(self._last.squares, squares):
            features = self.model.cell_features(squares)
            alike = self._references.alike(features.mean((0, 1, 2)))
            read = surroundings(features, self._references.components, self.model)
            self._last = Judged(squares, Ridge(read), alike)
        return self._last

    def _scored(self, judged: Judged, weights: Floats, least: float) -> float:
        """Mean Dice over the best of the reference clips that look alike."""
        shares = (self._references.features[judged.alike] @ weights).reshape(-1, SIZE // CELL, SIZE // CELL)
        true = self._references.masks[judged.alike].reshape(-1, SIZE, SIZE)
        dice = dice_per_image(upsampled(shares) > least, true).reshape(len(judged.alike), -1).mean(1)
        return float(np.sort(dice)[-max(1, round(BEST * len(dice))) :].mean())

    @cached_property
    def _references(self) -> References:
        """Drawn at the first use."""
        from echodfkd.synth.sim.generator import SimGenerator

        source = SimGenerator(frames=FRAMES, fps=RATE)
        clips = [source.clip(SEED, index) for index in range(CLIPS)]
        masks = np.stack([clip.lv for clip in clips if clip.lv is not None])
        features = self.model.cell_features(np.concatenate([clip.frames for clip in clips]))
        components = Components.of(features)
        read = surroundings(features, components, self.model)
        looks = features.reshape(CLIPS, -1, features.shape[-1]).mean(1)
        return References(components, read.reshape(CLIPS, FRAMES, *read.shape[1:]), masks, looks)


def unsteady(found: BoolMask, masks: BoolMask) -> float:
    """How far masks (T, S, S) grow and shrink otherwise than what was found: deviation of the log ratio."""
    ratios = (found.sum((1, 2)) + FAINT) / (masks.sum((1, 2)) + FAINT)
    return float(np.log(ratios).std())
