"""What generators learn from: windows of a clip set's clips at one rate and size, as plain arrays on disk."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import atomic_path, read_json, write_json
from echodfkd.parallel import worker_pool
from echodfkd.progress import Track, silent
from echodfkd.synth.diffusion.codec import Codec, to_signal
from echodfkd.synth.diffusion.cuts import Array, Cut, Shape, Window

FACTS = "facts.json"
RUN_ONLY = ("wall_time_s", "software", "complete")  # entries of a manifest that do not shape the clips
ARRAYS = ("frames", "labels", "sector")


class Corpus:
    """Arrays `frames`, `labels` (N, T, H, W) and `sector` (N, H, W) in a folder, memory-mapped, and facts.

    Attributes:
        frames, labels: uint8. sector: 0 or 1. ef: float64 (N,), NaN where unknown. length: int (N,).
        labelled: whether every clip came with its masks. names: clip of each window. views: as in `Clip`.
        origin: what its clips are: the manifest of a set of ours, or the place of another.
    """

    def __init__(self, root: Path) -> None:
        """Open what `of` left in a folder. Raises EchoError when it is damaged."""
        facts = read_json(root / FACTS)
        self.root, self.shape = root, Shape(**facts["shape"])
        self.names: list[str] = facts["names"]
        square = (self.shape.size, self.shape.size)
        clip = (len(self.names), self.shape.frames, *square)
        self.frames = _opened(root / "frames.bin", clip)
        self.labels = _opened(root / "labels.bin", clip)
        self.sector = _opened(root / "sector.bin", (len(self.names), *square))
        self.ef = np.array([np.nan if ef is None else ef for ef in facts["ef"]], np.float64)
        self.length = np.array(facts["length"])
        self.labelled, self.origin = bool(facts["labelled"]), facts["asked"]["origin"]
        self.views: list[str | None] = facts.get("views", [None] * len(self.names))

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(
        cls,
        data: ClipSet,
        shape: Shape,
        root: Path,
        workers: int = 1,
        split: str | None = None,
        track: Track = silent,
    ) -> "Corpus":
        """The corpus of a clip set: as it was left in `root`, or cut now.

        Raises:
            UsageError: when `root` holds that of another set or shape.
            EchoError: when a clip is unreadable, or there is none.
        """
        records = data.select(split) if split else data.records
        names = [record.name for record in records]
        asked = {"shape": asdict(shape), "split": split, **_identity(data, names)}
        if (root / FACTS).is_file():
            if read_json(root / FACTS)["asked"] != asked:
                raise UsageError(f"{root} holds what was cut from other clips; choose another folder")
            return cls(root)
        root.mkdir(parents=True, exist_ok=True)
        with worker_pool(Cut(data, shape), workers) as run:
            _store(_in_order(names, track(run(names), "reading clips", len(names))), root, asked)
        return cls(root)

    def latents(self, codec: Codec, key: str, track: Track = silent) -> Array:
        """float16 (N, C, T, h, w): the codec's latents of all windows, kept beside the frames.

        Args:
            codec: see there. key: names it, so that other weights make other latents.
        """
        path = self.root / f"latents-{key}.npy"
        if not path.is_file():
            with atomic_path(path) as temporary:
                self._encode(codec, temporary, track)
        return np.load(path, mmap_mode="r")

    def _encode(self, codec: Codec, path: Path, track: Track) -> None:
        made: Array | None = None
        for number in track(range(len(self)), "encoding clips", len(self)):
            z = codec.encode(to_signal(torch.from_numpy(self.frames[number].copy()))[None, None])[0]
            if made is None:
                made = np.lib.format.open_memmap(path, "w+", np.float16, (len(self), *z.shape))
            made[number] = z.cpu().numpy()
        assert isinstance(made, np.memmap)  # there is no empty corpus
        made.flush()


def _opened(path: Path, shape: tuple[int, ...]) -> Array:
    try:
        return np.memmap(path, np.uint8, "r", shape=shape)
    except (OSError, ValueError) as error:  # gone, or cut short
        raise EchoError(f"{path} is damaged: delete {path.parent} and run again") from error


def _identity(data: ClipSet, names: list[str]) -> dict[str, Any]:
    """What tells a set from others: a set of ours by what it was asked for, others by where they are."""
    made = {key: value for key, value in data.manifest.items() if key not in RUN_ONLY}
    origin = made or str(data.root.resolve())
    return {"origin": origin, "clips": sha256("\n".join(names).encode()).hexdigest()}


def _in_order(names: list[str], cuts: Iterator[list[Window]]) -> Iterator[Window]:
    """The windows of clips that come in any order, in the order of `names`."""
    waiting: dict[str, list[Window]] = {}
    left = iter(names)
    due = next(left, None)
    for cut in cuts:
        waiting[cut[0].clip] = cut
        while due in waiting:
            yield from waiting.pop(due)
            due = next(left, None)


def _store(windows: Iterator[Window], root: Path, asked: dict[str, Any]) -> None:
    facts: dict[str, list[Any]] = {"ef": [], "length": [], "names": [], "views": []}
    labelled = True
    with ExitStack() as stack:
        files = {name: stack.enter_context((root / f"{name}.bin").open("wb")) for name in ARRAYS}
        for window in windows:
            for name, file in files.items():
                file.write(np.ascontiguousarray(getattr(window, name), np.uint8).tobytes())
            facts["ef"].append(None if np.isnan(window.ef) else window.ef)
            facts["length"].append(window.length)
            facts["names"].append(window.clip)
            facts["views"].append(window.view)
            labelled &= window.labelled
    if not facts["names"]:
        raise EchoError("there is no clip to learn from")
    write_json(root / FACTS, {"asked": asked, "shape": asked["shape"], "labelled": labelled, **facts})


def picked(count: int, batch: int, step: int, seed: int) -> Array:
    """Which of `count` examples step `step` sees: every one once before any is seen again.

    >>> sorted(picked(4, 2, 0, 7).tolist() + picked(4, 2, 1, 7).tolist())
    [0, 1, 2, 3]
    """
    places = np.arange(step * batch, (step + 1) * batch)
    rounds, rank = np.divmod(places, count)
    orders = {turn: np.random.default_rng((seed, turn)).permutation(count) for turn in {*rounds.tolist()}}
    return np.array([orders[int(turn)][place] for turn, place in zip(rounds, rank, strict=True)])


def as_tensor(array: Array) -> Tensor:
    """float32 of whatever a corpus holds."""
    return torch.from_numpy(np.array(array, dtype=np.float32))
