"""Reverse classification accuracy (Valindria et al., IEEE TMI 2017): a judge that needs no labels.

A tiny segmenter learns from the frames of one clip with its predicted masks as truth, and is scored on
reference clips whose masks are known. If the prediction was right, so is what was learned from it.

The segmenter is a ridge regression, in closed form, from the features that simclip's image tower has of each
cell of 4x4 pixels to the share of the cell that is masked. The reference clips are drawn from `sim`, from a
seed that nothing else is drawn from. T frames, C features, S = 112 pixels and G = 28 cells a side.
"""

from collections.abc import Iterator
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Clip, Frames
from echodfkd.eval.auxiliary.base import Words
from echodfkd.eval.auxiliary.simclip.model import NOTE, SimClip
from echodfkd.eval.dice import dice_per_image
from echodfkd.sector import clip_sector, crop
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Prob

SEED = 5_000_011  # of the reference clips
CLIPS, EVERY, FRAMES = 32, 2, 8  # reference clips: how many, and every which of their frames
LEARNED = 16  # frames at most of the clip that is judged
SIZE, CELL = 112, 4
PENALTY = 0.4  # of the ridge, per sample, on features of unit variance: high, for one clip teaches little
BEST = 0.5  # share of the reference clips that count: those most alike
Floats = npt.NDArray[np.float32]

WORDS = {
    "rca": Words(
        "Reverse classification accuracy",
        "",
        3,
        "Dice of a segmenter that learned from the predicted masks of one clip, on reference clips with "
        f"known masks, mean over the best {BEST:.0%} of them (Valindria et al. 2017); mean over clips",
    )
}


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
        self._last: tuple[Frames, Ridge] | None = None

    def scores(self, clip: Clip, prob: Prob) -> Iterator[tuple[str, float]]:
        """`rca` of soft masks uint8 (T, H, W), 0..1; NaN without a masked pixel."""
        yield "rca", self.score(clip.frames, lv_masks(prob))

    def score(self, frames: Frames, masks: BoolMask) -> float:
        """Predicted quality, 0..1, of masks (T, H, W) of frames (T, H, W); 0 for empty ones."""
        chosen = np.unique(np.linspace(0, len(frames) - 1, min(LEARNED, len(frames))).round().astype(int))
        if not masks[chosen].any():
            return 0.0
        sector = clip_sector(frames)
        wanted = crop(255 * masks[chosen].astype(np.uint8), sector, SIZE) > 127
        return self._scored(self._ridge(crop(frames[chosen], sector, SIZE)).weights(cell_shares(wanted)))

    def _ridge(self, squares: Frames) -> "Ridge":
        """The ridge of some frames, kept for the next masks of the same ones."""
        if self._last is None or not np.array_equal(self._last[0], squares):
            self._last = squares, Ridge(self.features(squares))
        return self._last[1]

    def _scored(self, weights: Floats) -> float:
        """Mean Dice over the best of the reference clips."""
        features, true = self._references
        found = upsampled(features @ weights) > 0.5
        dice = np.array(
            [dice_per_image(f, t).mean() for f, t in zip(_clips(found), _clips(true), strict=True)]
        )
        return float(np.sort(dice)[-max(1, round(BEST * len(dice))) :].mean())

    def features(self, squares: Frames) -> Floats:
        """Features of each cell, float32 (T, G, G, C), of frames uint8 (T, S, S)."""
        return self.model.cell_features(squares)

    @cached_property
    def _references(self) -> tuple[Floats, BoolMask]:
        """Features with a one behind them, and true masks of the reference frames, drawn at the first use."""
        from echodfkd.synth.sim.generator import SimGenerator

        source = SimGenerator(frames=FRAMES, fps=8.0)
        clips = [source.clip(SEED, index) for index in range(CLIPS)]
        masks = np.concatenate([clip.lv[::EVERY] for clip in clips if clip.lv is not None])
        frames = np.concatenate([clip.frames[::EVERY] for clip in clips])
        return with_one(self.features(frames)), masks


def _clips(frames: BoolMask) -> npt.NDArray[np.bool_]:
    return frames.reshape(CLIPS, -1, SIZE, SIZE)


class Ridge:
    """Ridge regression of many targets on the same features (T, G, G, C): its matrix is inverted once."""

    def __init__(self, features: Floats) -> None:
        self._x = with_one(features).reshape(-1, features.shape[-1] + 1)
        spread = self._x[:, :-1].var(0, dtype=np.float64) + 1e-6
        matrix = (self._x.T @ self._x).astype(np.float64)
        self._inverse = np.linalg.inv(matrix + np.diag(PENALTY * len(self._x) * np.append(spread, 0.0)))

    def weights(self, wanted: Floats) -> Floats:
        """Weights (C + 1,) from features and one to shares (T, G, G)."""
        return np.asarray(self._inverse @ (self._x.T @ wanted.reshape(-1)), np.float32)


def with_one(features: Floats) -> Floats:
    """Features with a one behind them: (..., C) -> (..., C + 1)."""
    return np.concatenate([features, np.ones_like(features[..., :1])], -1)


def cell_shares(masks: BoolMask) -> Floats:
    """Share of each cell that is masked: bool (T, S, S) -> float32 (T, G, G)."""
    cells = SIZE // CELL
    return masks.reshape(len(masks), cells, CELL, cells, CELL).mean((2, 4), dtype=np.float32)


def upsampled(shares: Floats) -> Floats:
    """Shares of cells (T, G, G) as a smooth map of pixels (T, S, S)."""
    return np.stack([cv2.resize(one, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) for one in shares])
