"""The whole of an evaluation: models over a clip set, against labels and against a teacher."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.corrupt import problem_of, stop_if_too_many
from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.figures import Figure, figures
from echodfkd.eval.reference import LabelError, Reference, check_ef, labels_of, teacher_of
from echodfkd.eval.score import predict, score_clip
from echodfkd.progress import Track, silent
from echodfkd.segmenter import Segmenter

REFERENCES = ("labels", "teacher")


@dataclass(frozen=True)
class ModelScores:
    """One model against one reference.

    Attributes:
        model: what was judged. title: its name, with a number behind it where two share one.
        reference: "labels" or "teacher NAME".
        events_from: where its events come from.
        scores: one for each clip. figures: over all of them.
        frames_per_second: of `predict` alone, on this machine.
        corrupt: what is wrong with each clip that was skipped as unreadable, by name.
    """

    model: Segmenter
    reference: str
    events_from: str
    scores: tuple[ClipScore, ...]
    figures: tuple[Figure, ...]
    frames_per_second: float
    corrupt: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.model.name)

    def value(self, name: str) -> float:
        """A figure by its name; NaN if it is not defined here."""
        return next((figure.value for figure in self.figures if figure.name == name), float("nan"))


def evaluate(
    models: Sequence[Segmenter],
    clips: ClipSet,
    *,
    teacher: Segmenter | None = None,
    references: Sequence[str] = ("labels",),
    echonet_systole: bool = False,
    track: Track = silent,
) -> list[ModelScores]:
    """Score every model on every clip; unreadable ones are skipped and told in `ModelScores.corrupt`.

    Args:
        models: what is judged. clips: on what. teacher: needed for the reference "teacher".
        references: some of `REFERENCES`. echonet_systole: as for `score_clip`.

    Raises:
        UsageError: for a reference that is not there.
        EchoError: if over 1% of the clips are unreadable (one is always forgiven), one lacks the labels
            that are asked for, or the file list holds an EF outside 0..100.
    """
    unknown = [name for name in references if name not in REFERENCES]
    if unknown:
        raise UsageError(f"unknown reference {unknown[0]!r}; choose from: {', '.join(REFERENCES)}")
    if "teacher" in references and teacher is None:
        raise UsageError("the reference 'teacher' needs --teacher NAME")
    for record in clips.records if "labels" in references else ():
        check_ef(record.name, record.ef)  # before hours of work
    found: dict[tuple[int, str], list[ClipScore]] = {}
    words: dict[str, str] = {}
    clock = [0.0] * len(models)
    frames = 0
    corrupt: dict[str, str] = {}
    for clip, labels in _readable(clips, "labels" in references, corrupt, track):
        frames += len(clip)
        against = list(_references(clip, labels, teacher, references))
        for index, model in enumerate(models):
            begun = time.perf_counter()
            predicted = predict(clip, model)
            clock[index] += time.perf_counter() - begun
            for reference in against:
                score = score_clip(clip, predicted, reference, echonet_systole)
                found.setdefault((index, reference.name), []).append(score)
                words[reference.name] = reference.events_from
    if not found:
        raise EchoError(f"{clips.root} holds no clips to evaluate on")
    titles = distinct([model.name for model in models])
    return [
        ModelScores(
            models[index],
            name,
            words[name],
            tuple(scores),
            tuple(figures(scores)),
            frames / clock[index],
            corrupt,
            titles[index],
        )
        for (index, name), scores in found.items()
    ]


def distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number behind each that was there before.

    >>> distinct(["run", "tiny", "run"])
    ['run', 'tiny', 'run (2)']
    """
    seen = [names[: index + 1].count(name) for index, name in enumerate(names)]
    return [name if times == 1 else f"{name} ({times})" for name, times in zip(names, seen, strict=True)]


def _readable(
    clips: ClipSet, with_labels: bool, corrupt: dict[str, str], track: Track
) -> Iterator[tuple[Clip, Reference | None]]:
    """Every clip that can be read, with its labels; what is wrong with the others goes into `corrupt`."""
    for record in track(clips.records, "evaluating", len(clips)):
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


def _references(
    clip: Clip, labels: Reference | None, teacher: Segmenter | None, references: Sequence[str]
) -> Iterator[Reference]:
    for name in references:
        if name == "labels" and labels is not None:
            yield labels
        elif name == "teacher" and teacher is not None:
            yield teacher_of(clip, teacher.name, predict(clip, teacher).prob)


def parameters(model: Segmenter) -> int | None:
    """Number of weights of a model; None where it is not known, as of an exported file."""
    count = getattr(model, "parameters", None)
    return count if isinstance(count, int) and count else None
