"""Clips and a teacher's labels made once and kept: for a run that sees them often, or for several students.

A folder holds manifest.json (what was asked for, and how many clips are done) and plain arrays, uint8
(N, T, S, S): frames.npy, taught.npy and, where the generator's own masks are wanted, exact.npy, tissues.npy.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.utils.data import Dataset

from echodfkd.distill.data import Example, Masks, Pixels, loader
from echodfkd.distill.loop import Labeller
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_json, write_json
from echodfkd.progress import Track, silent

FORMAT = "echodfkd kept clips"
BLOCK = 8  # clips written at a time; a cut fill goes on after the last whole block


@dataclass(frozen=True)
class KeptClips:
    """A folder of clips with their labels.

    Args:
        folder: new, or an earlier one of the same request.
        request: all that shapes them, JSON-ready, so that equal requests mean equal bytes; `clips` (N),
            `frames` (T), `size` (S) and `exact` (whether exact masks and tissues are there) among it.
    """

    folder: Path
    request: Mapping[str, Any]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, T, S, S) of every array."""
        clips, frames, size = (int(self.request[key]) for key in ("clips", "frames", "size"))
        return clips, frames, size, size

    def done(self) -> int:
        """How many clips are there already.

        Raises:
            UsageError: if the folder holds clips of another request, or something else.
        """
        path = self.folder / "manifest.json"
        if not path.is_file():
            if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
                raise UsageError(f"{self.folder} holds something else; choose another --keep")
            return 0
        found = read_json(path)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise UsageError(f"{self.folder} holds something else; choose another --keep")
        asked, there = json.loads(json.dumps(dict(self.request))), found.get("request", {})
        changed = [key for key in asked if there.get(key) != asked[key]]
        if changed:
            raise UsageError(
                f"{self.folder} keeps clips of another {', '.join(changed)}; choose another --keep"
            )
        return int(found.get("done", 0))

    def fill(self, examples: Dataset, labels: Labeller, workers: int, track: Track = silent) -> None:
        """Draw and label what is missing; the bytes are the same for any `workers` and after interruptions.

        Args:
            examples: clip i as example i, drawn in `workers` processes. labels: the teacher.

        Raises:
            UsageError: see `done`. EchoError: if the disk has too little space.
        """
        done = self.done()
        if done == self.shape[0]:
            return
        self._check_space(done)
        self._note(done)
        for part in self._parts():
            _lay_out(self._path(part), self.shape)
        for _ in track(
            self._filled(examples, labels, workers, done), "drawing and labelling", self.shape[0] - done
        ):
            pass

    def load(self, index: int, exact: bool) -> Example[Pixels]:
        """Clip `index` with the teacher's masks and, with `exact`, the generator's own."""
        parts = ("frames", "taught", "exact", "tissues") if exact else ("frames", "taught")
        frames, *masks = (np.array(np.load(self._path(part), mmap_mode="r")[index]) for part in parts)
        return Example(frames, Masks(*masks))

    def _filled(self, examples: Dataset, labels: Labeller, workers: int, done: int) -> Iterator[int]:
        """Yields the number of each clip once it is on disk."""
        for frames, masks in loader(examples, done, BLOCK, workers, whole=False):
            block = {
                "frames": frames,
                "taught": labels(frames),
                "exact": masks.exact,
                "tissues": masks.tissues,
            }
            for part in self._parts():
                _write(self._path(part), done, block[part])
            self._note(done + len(frames))
            yield from range(done, done := done + len(frames))

    def _parts(self) -> list[str]:
        return ["frames", "taught", "exact", "tissues"] if self.request["exact"] else ["frames", "taught"]

    def _path(self, part: str) -> Path:
        return self.folder / f"{part}.npy"

    def _note(self, done: int) -> None:
        write_json(
            self.folder / "manifest.json", {"format": FORMAT, "request": dict(self.request), "done": done}
        )

    def _check_space(self, done: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        needed = (self.shape[0] - done) * prod(self.shape[1:]) * len(self._parts())
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise EchoError(
                f"{self.folder} needs {needed / 1e9:.1f} GB and its disk has {free / 1e9:.1f} GB"
                " free: free some space, ask for fewer --clips, or keep them elsewhere with --keep"
            )


def _lay_out(path: Path, shape: tuple[int, ...]) -> None:
    """An empty array of this shape on disk, zeros that take no space yet; one that is there is kept."""
    path.touch()
    with path.open("r+b") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)  # type: ignore[arg-type]
        stream.truncate(stream.tell() + prod(shape))


def _write(path: Path, start: int, block: Tensor) -> None:
    """Put `block` at rows `start`.. of an array on disk; a mapped write would die of a full disk unheard."""
    rows = block.cpu().numpy()
    with path.open("r+b") as stream:
        np.lib.format.read_magic(stream)
        np.lib.format.read_array_header_1_0(stream)
        stream.seek(start * rows[0].nbytes, os.SEEK_CUR)
        stream.write(rows.tobytes())
        stream.flush()
        os.fsync(stream.fileno())  # the manifest must never count a clip that a power cut then takes away


class KeptExamples(Dataset):
    """Kept clips as examples: first in the order of drawing, then in a new order with every pass.

    Args:
        kept: a filled folder. seed: of the orders. count: number of examples.
        exact: whether to give exact masks and tissues too.
    """

    def __init__(self, kept: KeptClips, seed: int, count: int, exact: bool) -> None:
        self.kept, self.seed, self.count, self.exact = kept, seed, count, exact

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Example[Pixels]:
        """A clip, its frames and masks uint8 (T, S, S)."""
        clips = self.kept.shape[0]
        return self.kept.load(int(order(clips, self.seed, index // clips)[index % clips]), self.exact)


@lru_cache(maxsize=2)
def order(clips: int, seed: int, turn: int) -> npt.NDArray[np.int64]:
    """Which clip comes when in a pass, so that those that share a batch change: a permutation of 0..clips-1.

    >>> order(4, 0, 0).tolist()
    [0, 1, 2, 3]
    """
    return np.random.default_rng((seed, turn)).permutation(clips) if turn else np.arange(clips)
