"""Training examples by index: example i depends on (source, seed, i) alone, also in a resumed run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from echodfkd.clip import Clip, Frames, Mask
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.sector import clip_sector, crop
from echodfkd.segmenter import Prob, fit_square

HELD_OUT = 1_000_003  # added to the seed for clips that the training never sees


class ClipMaker(Protocol):
    """The part of a generator that training needs."""

    def clip(self, seed: int, index: int) -> Clip:
        """Clip `index` of the set of `seed`."""
        ...


class GeneratorExamples(Dataset):
    """Clips drawn as they are needed; several generators take turns.

    Args:
        generators: what makes the clips; all with the same number of frames.
        seed: seed of the set. count: number of examples. size: side in pixels.
        exact: whether the target is the generator's own mask; else it is empty, and a teacher fills it in.
        distinct: how many different clips; after them the first ones come again. None: all are different.
        tissues: whether to give the public class of each pixel too.
    """

    def __init__(
        self,
        generators: Sequence[ClipMaker],
        seed: int,
        count: int,
        size: int,
        exact: bool,
        distinct: int | None = None,
        tissues: bool = False,
    ) -> None:
        self.generators, self.seed, self.count, self.size, self.exact = generators, seed, count, size, exact
        self.tissues = tissues
        self.distinct = distinct or count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Frames, Prob] | tuple[Frames, Prob, Mask]:
        """Frames uint8 (T, size, size) and target uint8 (T, size, size), or (0, size, size) without one.

        With `tissues` a third: the class of each pixel (`echodfkd.clip.Label`), uint8 (T, size, size).
        """
        index %= self.distinct
        clip = self.generators[index % len(self.generators)].clip(self.seed, index)
        frames = fit_square(clip.frames, self.size)
        if not self.exact:
            return frames, np.zeros((0, self.size, self.size), np.uint8)
        if clip.lv is None:
            raise EchoError(f"clip {clip.name!r} has no exact mask to learn from; use a teacher")
        target = fit_square(clip.lv.astype(np.uint8) * 255, self.size)
        return (frames, target, self._tissues(clip)) if self.tissues else (frames, target)

    def _tissues(self, clip: Clip) -> Mask:
        assert clip.mask is not None
        side = (self.size, self.size)
        return np.stack([cv2.resize(one, side, interpolation=cv2.INTER_NEAREST) for one in clip.mask])


class ClipSetExamples(Dataset):
    """Windows of a clip set on disk, with the labels that a teacher left there, or without.

    Args:
        clips: the set. records: those of its records to draw from.
        frames: window length; shorter clips are played to and fro.
        seed, count, size: as for `GeneratorExamples`.
        labels: folder of the teacher's labels; None leaves the target empty.
    """

    def __init__(
        self,
        clips: ClipSet,
        records: Sequence[Any],
        frames: int,
        seed: int,
        count: int,
        size: int,
        labels: Path | None,
    ) -> None:
        self.clips, self.records, self.frames = clips, records, frames
        self.seed, self.count, self.size, self.labels = seed, count, size, labels

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Frames, Prob]:
        """Frames uint8 (T, size, size) and target uint8 (T, size, size), or (0, size, size) without one."""
        rng = np.random.default_rng((self.seed, index))
        record = self.records[int(rng.integers(len(self.records)))]
        clip = self.clips.load(record, masks=False)
        take = window(len(clip), self.frames, rng)
        sector = clip_sector(clip.frames)
        frames = crop(clip.frames[take], sector, self.size)
        if self.labels is None:
            return frames, np.zeros((0, self.size, self.size), np.uint8)
        return frames, crop(self.clips.load_labels(record, self.labels)[take], sector, self.size)


def window(available: int, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `wanted` neighbouring frames; a shorter clip is played forwards and backwards."""
    start = int(rng.integers(max(1, available - wanted + 1)))
    steps = start + np.arange(wanted)
    bounce = np.abs((steps + available - 1) % max(1, 2 * (available - 1)) - (available - 1))
    return np.asarray(bounce if available > 1 else np.zeros(wanted, int))


def loader(examples: Dataset, start: int, batch: int, workers: int) -> DataLoader:
    """Batches from example `start` on, in order; each part as `__getitem__` gives it, stacked: (B, ...)."""
    if workers:
        cv2.setNumThreads(1)  # a fork of a process whose OpenCV runs threads may hang for ever
    rest = Subset(examples, range(start, len(examples)))  # type: ignore[arg-type]
    return DataLoader(
        rest,
        batch_size=batch,
        collate_fn=_stack,
        num_workers=workers,
        worker_init_fn=_calm_worker,
        drop_last=True,
        prefetch_factor=4 if workers else None,
    )


def _stack(items: list[tuple[Any, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(np.stack(part)) for part in zip(*items, strict=True))


def _calm_worker(_: int) -> None:
    """One thread for each worker: more would only fight with the training."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
