"""Training batches of simclip: frames with and without masks shown on them, and what is true of them.

B pictures of S pixels a side; batch k depends on (seed, k) alone.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from echodfkd.clip import Label
from echodfkd.eval.auxiliary.simclip.captions import GROUPS, Soft, between, fit, one_of, shown, shown_alone
from echodfkd.eval.auxiliary.simclip.clips import Material
from echodfkd.eval.auxiliary.simclip.faults import Flat, Tissues, faulty
from echodfkd.eval.auxiliary.simclip.network import CELL
from echodfkd.eval.auxiliary.simclip.paint import alone, blacked_out, in_negative

SHOWN = (0.2, 0.11, 0.07, 0.62)  # plain, blacked out, alone, in negative
PAINT = {1: blacked_out, 2: alone, 3: in_negative}  # by number in `SHOWN`
LARGE = (0.1, 0.16)  # share of the picture: a small LV is below, a large one above
PHASE = 0.12  # how near to the largest or smallest LV of its clip a frame is called end diastole or systole


@dataclass(frozen=True, eq=False)
class Pictures:
    """A batch.

    Attributes:
        frames: uint8 (B, S, S). cells: float32 (B, 3, S / 8, S / 8), shares LV, masked, both.
        labels: for each group of captions its soft labels (B, texts), rows of zeros where nothing is known.
    """

    frames: npt.NDArray[np.uint8]
    cells: npt.NDArray[np.float32]
    labels: dict[str, Soft]


class Picture(NamedTuple):
    """One frame (S, S), its tissues, the mask shown on it, and what is true of it by group of captions."""

    frame: npt.NDArray[np.uint8]
    tissues: Tissues
    mask: Flat
    facts: dict[str, float]


class PictureBatches(Dataset):
    """Batches by number.

    Args:
        clips: to take frames from. seed: of the choice. steps: number of batches. batch: B.
        augment: whether grey values and places are varied too.
    """

    def __init__(self, clips: Material, seed: int, steps: int, batch: int, augment: bool = True) -> None:
        self.clips, self.seed, self.steps, self.batch, self.augment = clips, seed, steps, batch, augment

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Pictures:
        """Batch `step`."""
        rng = np.random.default_rng((self.seed, step))
        return _joined([self._one(rng) for _ in range(self.batch)])

    def _one(self, rng: np.random.Generator) -> Picture:
        clip, other = (int(number) for number in rng.integers(len(self.clips), size=2))
        frame = int(rng.integers(self.clips.frames.shape[1]))
        grey, tissues = self.clips.frames[clip, frame], self.clips.tissues[clip, frame]
        others = [self.clips.tissues[clip, rng.integers(self.clips.frames.shape[1])]]
        others.append(self.clips.tissues[other, frame])
        if self.augment:
            grey, tissues, *others = varied(rng, grey, tissues, *others)
        how = int(rng.choice(len(SHOWN), p=SHOWN))
        if how == 0:
            return Picture(
                grey, tissues, np.zeros(grey.shape, bool), _plain(self.clips, clip, frame, tissues)
            )
        mask = faulty(rng, tissues, others)
        return Picture(PAINT[how](grey, mask), tissues, mask, _masked(mask, tissues, how))


def _plain(clips: Material, clip: int, frame: int, tissues: Tissues) -> dict[str, float]:
    """What is true of a frame without a mask: the number of a text, or a percentage, by group."""
    full, valve = float(clips.full[clip, frame]), int(clips.valve[clip, frame])
    size = float((tissues == Label.LV).mean())
    facts = {"view": float(clips.view[clip]), "ef": float(clips.ef[clip])}
    if size:
        facts["size"] = float(np.searchsorted(LARGE, size))
    if valve:
        facts["valve"] = float(valve < 0)
    if full < PHASE or full > 1 - PHASE:
        facts["phase"] = float(full < 0.5)
    return facts


def _masked(mask: Flat, tissues: Tissues, how: int) -> dict[str, float]:
    lv, wall = tissues == Label.LV, tissues == Label.MYOCARDIUM
    areas = float(mask.sum()), float(lv.sum())
    if how == 1:
        left = [float((part & ~mask).sum() / max(part.sum(), 1)) for part in (lv, wall)]
        return {"shown": float(shown(*left))} if areas[1] else {"shown": 3.0}
    if how == 2:
        inside = [float((part & mask).sum() / max(mask.sum(), 1)) for part in (lv, wall)]
        return {"shown": float(shown_alone(*inside))}
    dice = 2 * float((mask & lv).sum()) / sum(areas) if sum(areas) else 1.0
    return {"overlap": 100 * dice, "fit": float(fit(*areas))}


def _joined(pictures: list[Picture]) -> Pictures:
    frames, masks = np.stack([one.frame for one in pictures]), np.stack([one.mask for one in pictures])
    lv = np.stack([one.tissues == Label.LV for one in pictures])
    cells = np.stack([shares(part) for part in (lv, masks, lv & masks)], 1)
    labels: dict[str, Soft] = {}
    for name, group in GROUPS.items():
        values = np.array([one.facts.get(name, np.nan) for one in pictures])
        if name in ("ef", "overlap"):
            labels[name] = between(values, 5.0 if name == "ef" else 0.0)
        else:
            labels[name] = one_of(np.where(np.isfinite(values), values, -1), len(group.fill))
    return Pictures(frames, cells, labels)


def shares(masks: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Share of each cell that is masked: bool (B, S, S) -> float32 (B, S / 8, S / 8)."""
    count, side = len(masks), masks.shape[-1] // CELL
    return masks.reshape(count, side, CELL, side, CELL).mean((2, 4), dtype=np.float32)


def varied(
    rng: np.random.Generator, grey: npt.NDArray[np.uint8], *tissues: Tissues
) -> list[npt.NDArray[np.uint8]]:
    """A frame and maps of tissues as another scanner and another hand would show them."""
    size = grey.shape[0]
    turned = cv2.getRotationMatrix2D((size / 2, size / 2), rng.normal(0, 5), np.exp(rng.normal(0, 0.08)))
    matrix = np.array(turned, np.float64)
    matrix[:, 2] += rng.normal(0, 4, 2)
    if rng.random() < 0.5:
        matrix = matrix @ np.array([[-1.0, 0, size - 1], [0, 1, 0], [0, 0, 1]])
    form = (size, size)
    maps = [
        np.asarray(cv2.warpAffine(one, matrix, form, flags=cv2.INTER_NEAREST), np.uint8) for one in tissues
    ]
    picture = np.asarray(cv2.warpAffine(grey, matrix, form), np.float32)
    if rng.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.1)), np.float32)
    picture = 255 * (picture / 255) ** np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.15))
    if rng.random() < 0.3:
        picture = picture + rng.normal(0, 6) * (picture > 0)
    return [np.asarray(np.clip(picture, 0, 255), np.uint8), *maps]
