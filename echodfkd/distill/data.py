"""Training examples by index: example i depends on (source, seed, i) alone, also in a resumed run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.corrupt import stop_if_too_many
from echodfkd.errors import EchoError
from echodfkd.filelist import Record
from echodfkd.sector import clip_sector, crop
from echodfkd.segmenter import fit_square

HELD_OUT = 1_000_003  # added to the seed for clips that the training never sees
Pixels = npt.NDArray[np.uint8]  # of an example: (T, S, S)
P = TypeVar("P")  # Pixels in an example; in a batch of them a tensor (B, T, S, S)


class Masks(NamedTuple, Generic[P]):
    """What is known of the frames of an example or a batch: uint8 of their shape, each None where it is not.

    Attributes:
        taught: the teacher's soft LV mask, 255 = certain. exact: the generator's own LV mask, 0..255.
        tissues: the public class of each pixel, values of `echodfkd.clip.Label`.
        spread: how far several teachers disagree, their standard deviation in 1/255, at most 127.
    """

    taught: P | None = None
    exact: P | None = None
    tissues: P | None = None
    spread: P | None = None


# A teacher: grey frames, uint8 (B, T, H, W) -> `taught`, and `spread` where it is several
Labeller = Callable[[Tensor], Masks[Tensor]]


class Example(NamedTuple, Generic[P]):
    """An example, or a batch of them.

    Attributes:
        frames: uint8 (T, S, S) or (B, T, S, S), grey 0..255. masks: what is known of them.
    """

    frames: P
    masks: Masks[P]


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
        exact: whether to give the generator's own LV mask. tissues: whether to give its other classes too.
    """

    def __init__(
        self,
        generators: Sequence[ClipMaker],
        seed: int,
        count: int,
        size: int,
        exact: bool,
        tissues: bool = False,
    ) -> None:
        self.generators, self.seed, self.count, self.size = generators, seed, count, size
        self.exact, self.tissues = exact, tissues

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Example[Pixels]:
        """Clip `index`, its frames and masks (T, size, size).

        Raises:
            EchoError: if its generator knows no exact mask where one is wanted.
        """
        clip = self.generators[index % len(self.generators)].clip(self.seed, index)
        frames = fit_square(clip.frames, self.size)
        if not self.exact:
            return Example(frames, Masks())
        if clip.lv is None:
            raise EchoError(f"clip {clip.name!r} has no exact mask to learn from; use a teacher")
        exact = fit_square(clip.lv.astype(np.uint8) * 255, self.size)
        return Example(frames, Masks(exact=exact, tissues=self._tissues(clip) if self.tissues else None))

    def _tissues(self, clip: Clip) -> Pixels:
        assert clip.mask is not None
        side = (self.size, self.size)
        return np.stack([cv2.resize(one, side, interpolation=cv2.INTER_NEAREST) for one in clip.mask])


class ClipSetExamples(Dataset):
    """Windows of a clip set on disk, with the labels that a teacher left there, or without.

    A clip that cannot be read is skipped: another one is drawn in its place, which depends on (seed, index)
    alone as all else does.

    Args:
        clips: the set. records: those of its records to draw from.
        frames: window length; shorter clips are played to and fro.
        seed, count, size: as for `GeneratorExamples`.
        labels: folder of the teacher's labels; None leaves that to the training.
    """

    def __init__(
        self,
        clips: ClipSet,
        records: Sequence[Record],
        frames: int,
        seed: int,
        count: int,
        size: int,
        labels: Path | None,
    ) -> None:
        self.clips, self.records, self.frames = clips, records, frames
        self.seed, self.count, self.size, self.labels = seed, count, size, labels
        self._skipped = torch.zeros(len(records), dtype=torch.uint8).share_memory_()  # by all workers

    def __len__(self) -> int:
        return self.count

    @property
    def corrupt(self) -> tuple[str, ...]:
        """Names of the unreadable clips that were met so far, in this process or in a loader's workers."""
        return tuple(self.records[int(k)].name for k in self._skipped.nonzero())

    def __getitem__(self, index: int) -> Example[Pixels]:
        """A window of frames and, where the teacher left them, its masks (T, size, size).

        Raises:
            EchoError: if over 1% of the clips turn out unreadable (one is always forgiven), or a label does
                not fit its clip.
        """
        rng = np.random.default_rng((self.seed, index))
        record, clip = self._readable(rng)
        take = window(len(clip), self.frames, rng)
        sector = clip_sector(clip.frames)
        frames = crop(clip.frames[take], sector, self.size)
        if self.labels is None:
            return Example(frames, Masks())
        load = (self.clips.load_labels, self.clips.load_spread)
        found = (one(record, self.labels, clip.frames.shape) for one in load)
        taught, spread = (None if one is None else crop(one[take], sector, self.size) for one in found)
        return Example(frames, Masks(taught, spread=spread))

    def _readable(self, rng: np.random.Generator) -> tuple[Record, Clip]:
        """A record that `rng` draws, and its clip; again where that cannot be read."""
        while True:
            chosen = int(rng.integers(len(self.records)))
            record = self.records[chosen]
            try:
                return record, self.clips.load(record, masks=False)
            except EchoError:
                self._skipped[chosen] = 1
                names = self.corrupt
                stop_if_too_many(len(names), len(self.records), self.clips.root, names[0])


def window(available: int, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `wanted` neighbouring frames; a shorter clip is played forwards and backwards."""
    start = int(rng.integers(max(1, available - wanted + 1)))
    steps = start + np.arange(wanted)
    bounce = np.abs((steps + available - 1) % max(1, 2 * (available - 1)) - (available - 1))
    return np.asarray(bounce if available > 1 else np.zeros(wanted, int))


def loader(
    examples: Dataset, indices: Sequence[int], batch: int, workers: int, whole: bool = True
) -> DataLoader:
    """Batches (`Example`) of the examples of `indices`, in order; without `whole` the last may be smaller."""
    if workers:
        cv2.setNumThreads(1)  # a fork of a process whose OpenCV runs threads may hang for ever
    return DataLoader(
        Subset(examples, indices),
        batch_size=batch,
        collate_fn=_stack,
        num_workers=workers,
        worker_init_fn=_calm_worker,
        drop_last=whole,
        prefetch_factor=4 if workers else None,
    )


def _stack(items: list[Example[Pixels]]) -> Example[Tensor]:
    frames, masks = zip(*items, strict=True)
    return Example(_batched(frames), Masks(*map(_batched, zip(*masks, strict=True))))


def _batched(part: tuple[Any, ...]) -> Any:
    return None if any(one is None for one in part) else torch.from_numpy(np.stack(part))


def _calm_worker(_: int) -> None:
    """One thread for each worker: more would only fight with the training."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
