"""The whole of an evaluation: models over a clip set, against labels and against a teacher."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import UsageError
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.figures import Figure, figures
from echodfkd.eval.reference import Reference, check_ef, teacher_of
from echodfkd.eval.score import Predicted, predict, score_clip
from echodfkd.eval.walk import Walked, walk
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


class Scoring:
    """Scores every model on every clip that a walk shows it.

    Args:
        models: what is judged. references: some of `REFERENCES`. teacher: needed for the reference "teacher".
        echonet_systole: as for `score_clip`.

    Raises:
        UsageError: for a reference that is not there.
    """

    def __init__(
        self,
        models: Sequence[Segmenter],
        references: Sequence[str] = ("labels",),
        teacher: Segmenter | None = None,
        echonet_systole: bool = False,
    ) -> None:
        unknown = [name for name in references if name not in REFERENCES]
        if unknown:
            raise UsageError(f"unknown reference {unknown[0]!r}; choose from: {', '.join(REFERENCES)}")
        if "teacher" in references and teacher is None:
            raise UsageError("the reference 'teacher' needs --teacher NAME")
        self.models, self.references, self.teacher = models, references, teacher
        self.echonet_systole = echonet_systole
        self._found: dict[tuple[int, str], list[ClipScore]] = {}
        self._words: dict[str, str] = {}

    @property
    def with_labels(self) -> bool:
        """Whether labels are asked for."""
        return "labels" in self.references

    def look(self, clip: Clip, labels: Reference | None, predicted: Sequence[Predicted]) -> None:
        """Score one clip."""
        against = list(_references(clip, labels, self.teacher, self.references))
        for index, found in enumerate(predicted):
            for reference in against:
                score = score_clip(clip, found, reference, self.echonet_systole)
                self._found.setdefault((index, reference.name), []).append(score)
                self._words[reference.name] = reference.events_from

    def results(self, walked: Walked) -> list[ModelScores]:
        """Each model against each reference, when the walk is over."""
        titles = distinct([model.name for model in self.models])
        return [
            ModelScores(
                self.models[index],
                name,
                self._words[name],
                tuple(scores),
                tuple(figures(scores)),
                walked.frames_per_second[index],
                walked.corrupt,
                titles[index],
            )
            for (index, name), scores in self._found.items()
        ]


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
        models: what is judged. clips: on what. The others: as for `Scoring`.

    Raises:
        UsageError: for a reference that is not there.
        EchoError: as `walk`, or if the file list holds an EF outside 0..100.
    """
    scoring = Scoring(models, references, teacher, echonet_systole)
    if scoring.with_labels:
        check_efs(clips)
    told = walk(models, clips, [scoring], with_labels=scoring.with_labels, doing="evaluating", track=track)
    return scoring.results(told)


def check_efs(clips: ClipSet) -> None:
    """Refuse a file list with an EF that is no percentage, before hours of work. Raises EchoError."""
    for record in clips.records:
        check_ef(record.name, record.ef)


def distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number behind each that was there before.

    >>> distinct(["run", "tiny", "run"])
    ['run', 'tiny', 'run (2)']
    """
    seen = [names[: index + 1].count(name) for index, name in enumerate(names)]
    return [name if times == 1 else f"{name} ({times})" for name, times in zip(names, seen, strict=True)]


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
