"""Clips and a teacher's labels made once and kept: for a run that sees them often, or for several students.

A folder holds manifest.json (what was asked for), plain arrays, uint8 (N, T, S, S): frames.npy, taught.npy,
where teachers may disagree spread.npy and, where the generator's own masks are wanted, exact.npy and
tissues.npy; and blocks.bin, a byte for each block of clips, 1 once all of it is on disk.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from echodfkd.distill.data import Example, Labeller, Masks, Pixels, loader
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_json, write_json
from echodfkd.progress import Track, silent
from echodfkd.ranks import ALONE, Ranks

FORMAT = "echodfkd kept clips"
BLOCK = 8  # clips written at a time; a cut fill goes on with the blocks that are missing
MARKS = "blocks.bin"


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
        self._check()
        return self.shape[0] - sum(len(self._clips(block)) for block in self._missing())

    def fill(
        self,
        examples: Dataset,
        labels: Labeller,
        workers: int,
        track: Track = silent,
        ranks: Ranks = ALONE,
    ) -> None:
        """Draw and label what is missing; the bytes are the same for any `workers` and after interruptions.

        Args:
            examples: clip i as example i, drawn in `workers` processes. labels: the teacher.
            ranks: the processes that share the work and the folder; all of it is there when this returns.

        Raises:
            UsageError: see `done`. EchoError: if the disk has too little space.
        """
        mine = ranks.mine(ranks.on_main(self._to_do))
        indices = [clip for block in mine for clip in self._clips(block)]
        batches = loader(examples, indices, BLOCK, workers, whole=False)
        for _ in track(self._filled(batches, labels, mine), "drawing and labelling", len(indices)):
            pass
        ranks.wait()

    def load(self, index: int, exact: bool) -> Example[Pixels]:
        """Clip `index` with the teacher's masks and, with `exact`, the generator's own."""
        left = () if exact else ("exact", "tissues")
        found = {
            part: np.array(np.load(self._path(part), mmap_mode="r")[index])
            for part in self._parts()
            if part not in left
        }
        return Example(found.pop("frames"), Masks(**found))

    def _filled(self, batches: DataLoader, labels: Labeller, blocks: Sequence[int]) -> Iterator[int]:
        """Yields the number of each clip once it is on disk."""
        for block, (frames, masks) in zip(blocks, batches, strict=True):
            seen = labels(frames)
            found = {
                "frames": frames,
                "taught": seen.taught,
                "spread": seen.spread,
                "exact": masks.exact,
                "tissues": masks.tissues,
            }
            for part in self._parts():
                _write(self._path(part), block * BLOCK, found[part])
            self._mark(block)
            yield from self._clips(block)

    def _parts(self) -> list[str]:
        spread = ["spread"] if self.request.get("spread") else []
        return ["frames", "taught", *spread, *(["exact", "tissues"] if self.request["exact"] else [])]

    @property
    def _blocks(self) -> int:
        return -(-self.shape[0] // BLOCK)

    def _clips(self, block: int) -> range:
        return range(block * BLOCK, min(self.shape[0], (block + 1) * BLOCK))

    def _missing(self) -> list[int]:
        """Numbers of the blocks that are not on disk yet."""
        path = self.folder / MARKS
        marks = path.read_bytes() if path.is_file() else b""
        return [k for k in range(self._blocks) if marks[k : k + 1] != b"\1"]

    def _mark(self, block: int) -> None:
        with (self.folder / MARKS).open("r+b") as stream:
            stream.seek(block)
            stream.write(b"\1")

    def _check(self) -> None:
        """Raises UsageError if the folder holds clips of another request, or something else."""
        path = self.folder / "manifest.json"
        if not path.is_file():
            if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
                raise UsageError(f"{self.folder} holds something else; choose another --keep")
            return
        found = read_json(path)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise UsageError(f"{self.folder} holds something else; choose another --keep")
        asked, there = json.loads(json.dumps(dict(self.request))), found.get("request", {})
        changed = [key for key in asked if there.get(key) != asked[key]]
        if changed:
            raise UsageError(
                f"{self.folder} keeps clips of another {', '.join(changed)}; choose another --keep"
            )

    def _to_do(self) -> list[int]:
        """The blocks that are missing, in a folder that is claimed, and its arrays laid out."""
        self._check()
        missing = self._missing()
        if missing:
            self._lay_out()
        return missing

    def _lay_out(self) -> None:
        """Claim the folder and lay its arrays out, zeros that take no space yet; what is there is kept."""
        self._check_space(self.done())
        write_json(self.folder / "manifest.json", {"format": FORMAT, "request": dict(self.request)})
        for part in self._parts():
            _lay_out(self._path(part), self.shape)
        marks = self.folder / MARKS
        marks.touch()
        os.truncate(marks, self._blocks)

    def _path(self, part: str) -> Path:
        return self.folder / f"{part}.npy"

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


def _write(path: Path, start: int, block: Tensor | None) -> None:
    """Put `block` at rows `start`.. of an array on disk; a mapped write would die of a full disk unheard."""
    assert block is not None, f"{path.stem} was asked for and not made"
    rows = block.cpu().numpy()
    with path.open("r+b") as stream:
        np.lib.format.read_magic(stream)
        np.lib.format.read_array_header_1_0(stream)
        stream.seek(start * rows[0].nbytes, os.SEEK_CUR)
        stream.write(rows.tobytes())
        stream.flush()
        os.fsync(stream.fileno())  # no block may be marked that a power cut then takes away


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
