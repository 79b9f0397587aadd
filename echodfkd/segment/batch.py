"""Many inputs, one after the other: a bad one does not stop the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echodfkd.errors import UsageError
from echodfkd.progress import Track, silent
from echodfkd.readers import find_inputs, open_source
from echodfkd.segment.outputs import output_names, refuse_overwriting, write_outputs
from echodfkd.segment.pipeline import segment
from echodfkd.segment.result import SegmentResult
from echodfkd.segmenter import Segmenter


@dataclass(frozen=True)
class Options:
    """What the user knows better than the file: see `pipeline.segment` and `readers.open_source`."""

    fps: float | None = None
    spacing_mm: tuple[float, float] | None = None
    box: tuple[int, int, int, int] | None = None
    flip: bool = False


@dataclass(frozen=True)
class Job:
    """One input and the name its results get."""

    path: Path
    name: str


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its result, or the error that ended it."""

    job: Job
    result: SegmentResult | None = None
    error: Exception | None = None

    def to_row(self) -> dict[str, Any]:
        """The row in `summary.csv`. The error's text stays out: it names files, which may name patients."""
        return {"name": self.job.name, "status": "failed"} if self.result is None else self.result.to_row()


def plan(inputs: Sequence[Path], folder: Path, *, anonymous: bool = False) -> list[Job]:
    """The inputs to segment, folders expanded, each with a name of its own.

    Results of an earlier run are no inputs: what lies in the output folder is left out of a folder around it.

    Raises:
        EchoError: if an input is missing. UsageError: if a result would overwrite an input, or `folder` is a
            file.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; --output names a folder")
    target = folder.resolve()
    if target in {path.resolve() for path in inputs}:
        raise UsageError(
            f"the results would mix with the inputs in {folder}; name another folder with --output"
        )
    named = {path.resolve() for path in inputs if not path.is_dir()}
    found = [
        path
        for path in find_inputs(inputs)
        if path.resolve() in named or target not in path.resolve().parents
    ]
    names = output_names(found, anonymous=anonymous)
    refuse_overwriting(found, names, folder)
    return [Job(path, name) for path, name in zip(found, names, strict=True)]


def run(
    jobs: Sequence[Job], segmenter: Segmenter, folder: Path, options: Options, track: Track = silent
) -> Iterator[Outcome]:
    """Segment each job and write its files into folder; one outcome per job, in order, as they are done."""
    for job in jobs:
        try:
            result = segment_file(job, segmenter, folder, options, track)
        except Exception as error:  # whatever a file holds, the others still get their turn
            yield Outcome(job, error=error)
        else:
            yield Outcome(job, result)


def segment_file(
    job: Job, segmenter: Segmenter, folder: Path, options: Options, track: Track = silent
) -> SegmentResult:
    """Segment one file and write its four files.

    Raises:
        EchoError: if it cannot be read or segmented.
    """
    source = open_source(job.path, fps=options.fps, spacing_mm=options.spacing_mm)
    segmentation = segment(source, segmenter, box=options.box, flip=options.flip, name=job.name, track=track)
    with segmentation.soft.spool:
        write_outputs(folder, segmentation, track)
    return segmentation.result
