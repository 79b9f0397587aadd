"""The whole of an evaluation: models over a clip set, against labels and against a teacher."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.corrupt import problem_of, stop_if_too_many
from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.figures import Figure, figures
from echodfkd.eval.score import ClipScore, Reference, labels_of, predict, score_clip, teacher_of
from echodfkd.progress import Track, silent
from echodfkd.segmenter import Segmenter

REFERENCES = ("labels", "teacher")


@dataclass(frozen=True)
class ModelScores:
    """One model against one reference.

    Attributes:
        model: what was judged. reference: "labels" or "teacher NAME".
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

    def value(self, name: str) -> float:
        """A figure by its name; NaN if it is not defined here."""
        return next((figure.value for figure in self.figures if figure.name == name), float("nan"))


def evaluate(
    models: Sequence[Segmenter],
    clips: ClipSet,
    *,
    teacher: Segmenter | None = None,
    references: Sequence[str] = ("labels",),
    track: Track = silent,
) -> list[ModelScores]:
    """Score every model on every clip; unreadable ones are skipped and told in `ModelScores.corrupt`.

    Args:
        models: what is judged. clips: on what. teacher: needed for the reference "teacher".
        references: some of `REFERENCES`.

    Raises:
        UsageError: for a reference that is not there.
        EchoError: if over 1% of the clips are unreadable (one is always forgiven), or one lacks the labels
            that are asked for.
    """
    unknown = [name for name in references if name not in REFERENCES]
    if unknown:
        raise UsageError(f"unknown reference {unknown[0]!r}; choose from: {', '.join(REFERENCES)}")
    if "teacher" in references and teacher is None:
        raise UsageError("the reference 'teacher' needs --teacher NAME")
    found: dict[tuple[int, str], list[ClipScore]] = {}
    words: dict[str, str] = {}
    clock = [0.0] * len(models)
    frames = 0
    corrupt: dict[str, str] = {}
    for clip in _readable(clips, corrupt, track):
        frames += len(clip)
        against = list(_references(clip, teacher, references))
        for index, model in enumerate(models):
            begun = time.perf_counter()
            predicted = predict(clip, model)
            clock[index] += time.perf_counter() - begun
            for reference in against:
                found.setdefault((index, reference.name), []).append(score_clip(clip, predicted, reference))
                words[reference.name] = reference.events_from
    if not found:
        raise EchoError(f"{clips.root} holds no clips to evaluate on")
    return [
        ModelScores(
            models[index],
            name,
            words[name],
            tuple(scores),
            tuple(figures(scores)),
            frames / clock[index],
            corrupt,
        )
        for (index, name), scores in found.items()
    ]


def _readable(clips: ClipSet, corrupt: dict[str, str], track: Track) -> Iterator[Clip]:
    """Every clip that can be read, with its masks; what is wrong with the others goes into `corrupt`."""
    for record in track(clips.records, "evaluating", len(clips)):
        try:
            clip = clips.load(record)
        except EchoError as error:
            corrupt[record.name] = problem_of(record, error)
            stop_if_too_many(len(corrupt), len(clips), clips.root, next(iter(corrupt.values())))
        else:
            yield clip


def _references(clip: Clip, teacher: Segmenter | None, references: Sequence[str]) -> Iterator[Reference]:
    for name in references:
        if name == "labels":
            yield labels_of(clip)
        elif teacher is not None:
            yield teacher_of(clip, teacher.name, predict(clip, teacher).prob)


def parameters(model: Segmenter) -> int | None:
    """Number of weights of a model; None where it is not known, as of an exported file."""
    count = getattr(model, "parameters", None)
    return count if isinstance(count, int) and count else None


def rows(results: Sequence[ModelScores]) -> Iterator[dict[str, object]]:
    """One row of `per_clip.csv` for each model, reference and clip."""
    for result in results:
        for score in result.scores:
            yield {
                "model": result.model.name,
                "reference": result.reference,
                "clip": score.clip,
                "frames": len(score.dice),
                "dice": round(float(score.dice.mean()), 5),
                "area_error_percent": round(float(score.area_error.mean()), 3)
                if len(score.area_error)
                else "",
                "ed_errors": ";".join(str(found - true) for found, true in score.ed.pairs),
                "ed_missed": len(score.ed.misses),
                "ed_false": len(score.ed.false),
                "es_errors": ";".join(str(found - true) for found, true in score.es.pairs),
                "es_missed": len(score.es.misses),
                "es_false": len(score.es.false),
                "ef": _blank(score.ef_found),
                "ef_reference": _blank(score.ef_true),
                "warnings": "; ".join(score.warnings),
            }


def _blank(value: float) -> object:
    return round(value, 3) if np.isfinite(value) else ""
