"""The tiny segmenter of reverse classification accuracy: a 5x5 convolution, fitted in closed form.

A ridge regression from what simclip sees around each cell of 4x4 pixels to the share of the cell that is
masked. Around a cell: its 5x5 neighbours' share of LV as simclip names it, so that a contour that runs too
far out, too far in or aside can be learned as such, and the strongest components of simclip's features at
3x3 places 8 pixels apart, so that other chambers can.
T frames, C features, K components, S = 112 pixels and G = 28 cells a side.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask
from echodfkd.eval.auxiliary.simclip.model import SimClip

SIZE, CELL = 112, 4  # pixels: of a frame, of a cell
COMPONENTS = 8  # K
PENALTY = 0.05  # of the ridge, per sample, on features of unit variance
THRESHOLDS = (0.2, 0.7)  # between which a share may count as masked
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Components:
    """The strongest principal components of features that look at no masks.

    Attributes:
        mean: (C,). basis: (C, K), the deviation of each feature divided out.
    """

    mean: Floats
    basis: Floats

    @classmethod
    def of(cls, features: Floats) -> "Components":
        """Those of features (T, G, G, C); fewer than `COMPONENTS` where C is smaller."""
        flat = features.reshape(-1, features.shape[-1])
        mean, spread = flat.mean(0), flat.std(0) + np.float32(1e-6)
        scaled = (flat - mean) / spread
        _, vectors = np.linalg.eigh((scaled.T @ scaled).astype(np.float64) / len(scaled))
        basis = vectors[:, ::-1][:, :COMPONENTS] / spread[:, None]
        return cls(mean, basis.astype(np.float32))


def surroundings(features: Floats, components: Components, model: SimClip) -> Floats:
    """What the segmenter reads of each cell: simclip's features (T, G, G, C) -> (T, G, G, 25 + 9 K + 1)."""
    lv = neighbours(model.lv_shares(features)[..., None], 2, 1)
    look = neighbours(np.asarray((features - components.mean) @ components.basis, np.float32), 1, 2)
    return with_one(np.concatenate([lv, look], -1))


def neighbours(values: Floats, reach: int, step: int) -> Floats:
    """Values (T, G, G, C) of (2 reach + 1)^2 cells around each, `step` apart; the edge is repeated."""
    side, pad, cells = 2 * reach + 1, reach * step, values.shape[1]
    wide = np.pad(values, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="edge")
    starts = range(0, side * step, step)
    return np.concatenate([wide[:, i : i + cells, j : j + cells] for i in starts for j in starts], -1)


class Ridge:
    """Ridge regression of many targets on the same features (T, G, G, C), the last a one."""

    def __init__(self, features: Floats) -> None:
        self._features = features
        self._x = features.reshape(-1, features.shape[-1])
        spread = self._x[:, :-1].var(0, dtype=np.float64) + 1e-6
        matrix = (self._x.T @ self._x).astype(np.float64)
        self._inverse = np.linalg.inv(matrix + np.diag(PENALTY * len(self._x) * np.append(spread, 0.0)))

    def weights(self, wanted: Floats) -> Floats:
        """Weights (C,) from features to shares (T, G, G)."""
        return np.asarray(self._inverse @ (self._x.T @ wanted.reshape(-1)), np.float32)

    def own(self, weights: Floats) -> Floats:
        """What the weights find in the frames that they learned from, (T, S, S)."""
        return upsampled(self._features @ weights)


def threshold(found: Floats, masks: BoolMask) -> float:
    """Above it lies as much of shares (T, S, S) as is masked: a ridge shrinks what it has learned."""
    return float(np.clip(np.quantile(found, 1 - masks.mean()), *THRESHOLDS))


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
