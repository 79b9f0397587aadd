"""One walk over a clip set: every model looks at every clip once, whoever wants to know what it found."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.corrupt import problem_of, stop_if_too_many
from echodfkd.errors import EchoError
from echodfkd.eval.reference import LabelError, Reference, labels_of
from echodfkd.eval.score import Predicted, predict
from echodfkd.progress import Track
from echodfkd.segmenter import Segmenter


class Looker(Protocol):
    """Keeps what it needs of each clip and of what the models found in it."""

    def look(self, clip: Clip, labels: Reference | None, predicted: Sequence[Predicted]) -> None:
        """See one clip, its labels if they are asked for, and what each model found, in their order."""
        ...


@dataclass(frozen=True)
class Walked:
    """What a walk tells.

    Attributes:
        corrupt: what is wrong with each clip that was skipped as unreadable, by name.
        frames_per_second: of `predict` alone, of each model on this machine.
    """

    corrupt: Mapping[str, str]
    frames_per_second: tuple[float, ...]


def walk(
    models: Sequence[Segmenter],
    clips: ClipSet,
    lookers: Sequence[Looker],
    *,
    with_labels: bool,
    doing: str,
    track: Track,
) -> Walked:
    """Show every readable clip, and what each model finds in it, to each of `lookers`.

    Args:
        with_labels: whether to read labels, too. doing: what the progress bar says.

    Raises:
        EchoError: if over 1% of the clips are unreadable (one is always forgiven), one lacks the labels that
            are asked for, or there are no clips.
    """
    clock, frames = [0.0] * len(models), 0
    corrupt: dict[str, str] = {}
    for clip, labels in _readable(clips, with_labels, corrupt, doing, track):
        frames += len(clip)
        predicted = []
        for index, model in enumerate(models):
            begun = time.perf_counter()
            predicted.append(predict(clip, model))
            clock[index] += time.perf_counter() - begun
        for looker in lookers:
            looker.look(clip, labels, predicted)
    if not frames:
        raise EchoError(f"{clips.root} holds no clips to evaluate on")
    return Walked(corrupt, tuple(frames / seconds for seconds in clock))


def _readable(
    clips: ClipSet, with_labels: bool, corrupt: dict[str, str], doing: str, track: Track
) -> Iterator[tuple[Clip, Reference | None]]:
    """Every clip that can be read, with its labels; what is wrong with the others goes into `corrupt`."""
    for record in track(clips.records, doing, len(clips)):
        try:
            clip = clips.load(record)
            labels = labels_of(clip, clips.tracings(record)) if with_labels else None
        except LabelError:
            raise
        except EchoError as error:
            corrupt[record.name] = problem_of(record, error)
            stop_if_too_many(len(corrupt), len(clips), clips.root, next(iter(corrupt.values())))
        else:
            yield clip, labels
