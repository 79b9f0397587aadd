"""From a generator to a clip set on disk: each clip once, on any workers, through any interruption."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from echodfkd.clip import Clip
from echodfkd.clipset_writer import ClipSetWriter, split_of
from echodfkd.errors import EchoError, UsageError
from echodfkd.parallel import worker_count, worker_pool
from echodfkd.progress import Track, silent
from echodfkd.ranks import ALONE, Ranks
from echodfkd.synth.base import BatchGenerator, Generator, clip_name

PATIENCE_S = 180.0  # network file systems show a host's new files to another within a minute or so


@dataclass(frozen=True)
class Written:
    """What a run did: the folder, clips in the set, clips made by this run, seconds it took."""

    root: Path
    clips: int
    made: int
    seconds: float


def write_clip_set(
    generator: Generator,
    output: Path,
    *,
    clips: int,
    seed: int = 0,
    lossless: bool = False,
    nifti: bool = False,
    workers: int | None = 1,
    ranks: Ranks = ALONE,
    track: Track = silent,
) -> Written:
    """Write clips 0..clips-1 of `generator` to the folder `output`.

    Videos, Masks and CSV files are byte-identical for any worker count, any number of ranks, and after any
    interruption: run it again to take up where a killed run stopped. More `clips` than before extends the
    set. One run at a time per folder; its ranks all write to that one folder. A generator that makes several
    clips at once is asked for as many as it likes; its pixels may then differ by one grey level.

    Args:
        generator: where the clips come from.
        output: new or empty folder, or an earlier run of the same request.
        clips: how many, at least 1.
        seed: of the whole set; clip i depends on (generator, parameters, seed, i) alone.
        lossless: FFV1 videos instead of MJPG. nifti: NIfTI files instead of videos.
        workers: processes of each rank; None chooses by cores and clips, and one where there are several
            ranks or networks draw. More than one needs a picklable generator.
        ranks: this process among those that make the set together; the main one writes the lists.
        track: shows progress.

    Raises:
        UsageError: when `clips` is below 1, or `output` holds something else.
        EchoError: when the disk is full or a worker dies.
    """
    if clips < 1:
        raise UsageError(f"--clips must be at least 1, got {clips}")
    worker_count(workers, clips)  # refuses a bad number before the folder is touched
    start = time.perf_counter()
    names = [clip_name(generator.name, seed, index) for index in range(clips)]
    writer = ClipSetWriter(Path(output), lossless, nifti)
    layout = {"videos": "nifti" if nifti else None}  # None as in the manifests of sets that do not say
    missing = ranks.on_main(lambda: _begin(writer, names, _request(generator, seed, lossless) | layout))
    _make(generator, seed, writer, ranks.mine(missing), workers, ranks, track)
    ranks.wait()
    seconds = time.perf_counter() - start
    ranks.on_main(lambda: _finish(writer, names, seconds, bool(missing)))
    return Written(writer.root, clips, len(missing), seconds)


def _begin(writer: ClipSetWriter, names: list[str], request: dict[str, Any]) -> list[int]:
    """Claim the folder; the numbers of the clips that it lacks."""
    writer.begin(request, len(names))
    finished = writer.finished()
    return [index for index, name in enumerate(names) if name not in finished]


def _make(
    generator: Generator,
    seed: int,
    writer: ClipSetWriter,
    indices: Sequence[int],
    workers: int | None,
    ranks: Ranks,
    track: Track,
) -> None:
    """Make the clips of this rank."""
    together = generator.batch if isinstance(generator, BatchGenerator) else 1
    groups = [indices[i : i + together] for i in range(0, len(indices), together)]
    alone = ranks.world > 1 or isinstance(generator, BatchGenerator)  # one network uses all cores, or the GPU
    processes = worker_count(1 if workers is None and alone else workers, len(groups))
    try:
        with worker_pool(_MakeClips(generator, seed, writer), processes) as run:
            made = chain.from_iterable(run(groups))
            for _ in track(made, ranks.says("clips"), len(indices)):
                pass
    finally:
        if ranks.world == 1:  # else these may be those of other ranks, at work
            writer.remove_leftovers()


def _finish(writer: ClipSetWriter, names: list[str], seconds: float, made: bool) -> None:
    """Write the lists, where anything is new."""
    if made:
        _await(writer, names)
    if made or not writer.is_complete():
        writer.finish(names, seconds)
    writer.remove_leftovers()


def _await(writer: ClipSetWriter, names: list[str]) -> None:
    """Wait until this host sees what others wrote.

    Raises:
        EchoError: when it does not in `PATIENCE_S`.
    """
    end = time.monotonic() + PATIENCE_S
    while unseen := set(names) - writer.finished():
        if time.monotonic() > end:
            raise EchoError(
                f"{len(unseen)} clips are not in {writer.root}, {min(unseen)} the first: were they deleted, "
                "or do the hosts not share this folder? Run again"
            )
        time.sleep(1.0)


def _request(generator: Generator, seed: int, lossless: bool) -> dict[str, Any]:
    """All that shapes the set but its length, as it reads back from JSON."""
    request = {
        "generator": generator.name,
        "generator_version": generator.version,
        "weights_sha256": getattr(generator, "digest", None),  # simulators have no weights
        "parameters": generator.parameters(),
        "seed": seed,
        "lossless": lossless,
        **getattr(generator, "facts", {}),  # what its labels are, where they are not exact
    }
    return dict(json.loads(json.dumps(request)))


@dataclass(frozen=True)
class _MakeClips:
    """The work on some clips, sent to workers."""

    generator: Generator
    seed: int
    writer: ClipSetWriter

    def __call__(self, indices: Sequence[int]) -> Sequence[int]:
        for index, clip in zip(indices, self._clips(indices), strict=True):
            name = clip_name(self.generator.name, self.seed, index)
            self.writer.add(clip.with_(name=name), split_of(index))
        return indices

    def _clips(self, indices: Sequence[int]) -> Iterable[Clip]:
        if isinstance(self.generator, BatchGenerator):
            return self.generator.clips(self.seed, indices)
        return (self.generator.clip(self.seed, index) for index in indices)
