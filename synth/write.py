"""From a generator to a clip set on disk: each clip once, on any workers, through any interruption."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echodfkd.clipset_writer import ClipSetWriter, split_of
from echodfkd.errors import UsageError
from echodfkd.parallel import worker_count, worker_pool
from echodfkd.progress import Track, silent
from echodfkd.synth.base import Generator, clip_name


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
    workers: int | None = 1,
    track: Track = silent,
) -> Written:
    """Write clips 0..clips-1 of `generator` to the folder `output`.

    Videos, Masks and CSV files are byte-identical for any worker count and after any interruption:
    run it again to take up where a killed run stopped. More `clips` than before extends the set.
    One run at a time per folder.

    Args:
        generator: where the clips come from.
        output: new or empty folder, or an earlier run of the same request.
        clips: how many, at least 1.
        seed: of the whole set; clip i depends on (generator, parameters, seed, i) alone.
        lossless: FFV1 videos instead of MJPG.
        workers: processes; None chooses by cores and clips. More than one needs a picklable generator.
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
    writer = ClipSetWriter(Path(output), lossless)
    writer.begin(_request(generator, seed, lossless), clips)
    finished = writer.finished()
    missing = [index for index, name in enumerate(names) if name not in finished]
    try:
        with worker_pool(_MakeClip(generator, seed, writer), worker_count(workers, len(missing))) as run:
            for _ in track(run(missing), "clips", len(missing)):
                pass
    finally:
        writer.remove_leftovers()
    seconds = time.perf_counter() - start
    if missing or not writer.is_complete():
        writer.finish(names, seconds)
    return Written(writer.root, clips, len(missing), seconds)


def _request(generator: Generator, seed: int, lossless: bool) -> dict[str, Any]:
    """All that shapes the set but its length, as it reads back from JSON."""
    request = {
        "generator": generator.name,
        "generator_version": generator.version,
        "weights_sha256": getattr(generator, "digest", None),  # simulators have no weights
        "parameters": generator.parameters(),
        "seed": seed,
        "lossless": lossless,
    }
    return dict(json.loads(json.dumps(request)))


@dataclass(frozen=True)
class _MakeClip:
    """The work on one clip, sent to workers."""

    generator: Generator
    seed: int
    writer: ClipSetWriter

    def __call__(self, index: int) -> int:
        name = clip_name(self.generator.name, self.seed, index)
        self.writer.add(self.generator.clip(self.seed, index).with_(name=name), split_of(index))
        return index
