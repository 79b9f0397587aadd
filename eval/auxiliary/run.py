"""An auxiliary model over a clip set: it judges what models found, where nobody has labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from echodfkd.beats import Events
from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.eval import afd
from echodfkd.eval.auxiliary.base import Auxiliary, EFModel, Judge, OverlapReader, TextImage, Words, kind_of
from echodfkd.eval.auxiliary.judged import Judged, JudgedClip, figures_of
from echodfkd.eval.auxiliary.mask_score import evenly_spread, mask_scores, words
from echodfkd.eval.auxiliary.scores import Questions, Reading, calibrated_sign, phase_events, read_clip
from echodfkd.eval.events import match_clip
from echodfkd.eval.reference import Reference, find
from echodfkd.eval.run import ModelScores, Scoring
from echodfkd.eval.score import Predicted
from echodfkd.eval.walk import Walked, walk
from echodfkd.progress import Track, silent
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Prob, Segmenter

Floats = npt.NDArray[np.float64]
OVERLAP_FRAMES = 16  # evenly spread
OVERLAP = {
    "mask_overlap": Words(
        "Expected Dice",
        "",
        3,
        "zero-shot: how well the sentences `mask overlap 0..100` fit frames with the mask shown in negative, "
        f"mean over {OVERLAP_FRAMES} frames, then clips",
    )
}


@dataclass(frozen=True)
class _Seen:
    """One clip as one model and the auxiliary saw it."""

    clip: str
    fps: float | None
    values: dict[str, float]
    found: Events
    ef: float
    area: Floats
    reading: Reading


class TextImageJudge:
    """A text-image model as a `Judge` that also reads clips: EF, and the phase signal if asked for."""

    def __init__(self, model: TextImage, published: bool, phase: bool) -> None:
        self.model, self.published, self.phase = model, published, phase
        self.name, self.digest, self.claim, self.note = model.name, model.digest, model.claim, model.note
        self.questions = Questions(model)
        reads = isinstance(model, OverlapReader) and not published
        self.words = words(published) | (OVERLAP if reads else {})

    def scores(self, clip: Clip, prob: Prob) -> Iterator[tuple[str, float]]:
        """The mask score and its controls, and the Dice expected where the model can read it."""
        if "mask_overlap" in self.words and isinstance(self.model, OverlapReader):
            frames = evenly_spread(len(clip), OVERLAP_FRAMES)
            yield (
                "mask_overlap",
                float(self.model.overlap(clip.frames[frames], lv_masks(prob[frames])).mean()),
            )
        yield from mask_scores(self.model, self.questions, clip.frames, prob, self.published)

    def read(self, clip: Clip) -> Reading:
        """EF and phase signal of a clip."""
        return read_clip(self.model, self.questions, clip, phase=self.phase, published=self.published)


class Judgement:
    """Judges every model on every clip of a walk, by an auxiliary of the kind text-image, EF or judge.

    Events come from the phase signal of a text-image model. Which of its turns is ES is one bit, set by the
    mean correlation of all signals with the areas that the models found (as published, troughs are ES).

    Args:
        models: what is judged. auxiliary: by whom; one of the kind mask is for `MaskJudgement`.
        published: the published formulas, faults and all. events: whether to compare ED and ES.
    """

    def __init__(
        self, models: Sequence[Segmenter], auxiliary: Auxiliary, published: bool = False, events: bool = True
    ) -> None:
        self.models, self.auxiliary, self.published = models, auxiliary, published
        self._judging: Auxiliary = auxiliary
        if isinstance(auxiliary, TextImage):
            self._judging = TextImageJudge(auxiliary, published, events)
        self._seen: list[list[_Seen]] = [[] for _ in models]

    def look(self, clip: Clip, labels: Reference | None, predicted: Sequence[Predicted]) -> None:
        """Judge one clip; its labels are not used."""
        reading = _read(self._judging, clip)
        for rows, found in zip(self._seen, predicted, strict=True):
            rows.append(_look(clip, found, self._judging, reading))

    def results(self, walked: Walked) -> list[Judged]:
        """What the auxiliary says of each model, when the walk is over."""
        sign, agreement = _sign(self._seen, self.published)
        scored = self._judging.words if isinstance(self._judging, Judge) else {}
        if np.isfinite(agreement):
            scored = {**scored, "phase_correlation": _phase_words(sign, self.published)}
        form = "published" if self.published else "corrected"
        by = self.auxiliary
        about = (by.name, by.digest, by.claim, getattr(by, "note", ""), kind_of(by), form)
        source = f"ED and ES from auxiliary {by.name}" if np.isfinite(agreement) else ""
        made = []
        for model, seen in zip(self.models, self._seen, strict=True):
            rows = tuple(_row(one, sign) for one in seen)
            figures = tuple(figures_of(rows, scored, by.name))
            made.append(Judged(model, *about, rows, figures, source, walked.corrupt))
        return made


class MaskJudgement(Scoring):
    """Agreement of every model with an auxiliary that finds the LV itself, named "auxiliary NAME"."""

    def __init__(self, models: Sequence[Segmenter], auxiliary: Segmenter) -> None:
        super().__init__(models, ["teacher"], auxiliary)
        self.auxiliary = auxiliary

    def results(self, walked: Walked) -> list[ModelScores]:
        """Each model against the auxiliary, when the walk is over."""
        name, source = f"auxiliary {self.auxiliary.name}", "ED and ES read off the auxiliary's area curve"
        return [replace(one, reference=name, events_from=source) for one in super().results(walked)]


def judge(
    models: Sequence[Segmenter],
    clips: ClipSet,
    auxiliary: Auxiliary,
    *,
    published: bool = False,
    events: bool = True,
    track: Track = silent,
) -> list[Judged]:
    """What an auxiliary says of every model on every clip; arguments as of `Judgement`.

    Raises:
        EchoError: as `walk`.
    """
    judgement = Judgement(models, auxiliary, published, events)
    return judgement.results(
        walk(models, clips, [judgement], with_labels=False, doing="judging", track=track)
    )


def judge_masks(
    models: Sequence[Segmenter], clips: ClipSet, auxiliary: Segmenter, *, track: Track = silent
) -> list[ModelScores]:
    """Agreement of every model with an auxiliary that finds the LV itself.

    Raises:
        EchoError: as `walk`.
    """
    judgement = MaskJudgement(models, auxiliary)
    return judgement.results(
        walk(models, clips, [judgement], with_labels=False, doing="judging", track=track)
    )


def evaluate_and_judge(
    models: Sequence[Segmenter],
    clips: ClipSet,
    scoring: Scoring | None,
    judgement: Judgement | MaskJudgement | None,
    track: Track = silent,
) -> tuple[list[ModelScores], list[Judged]]:
    """Score and judge every model in one walk, so that it looks at each clip once.

    Raises:
        EchoError: as `walk`.
    """
    lookers = [looker for looker in (scoring, judgement) if looker is not None]
    labels = scoring is not None and scoring.with_labels
    told = walk(models, clips, lookers, with_labels=labels, doing="evaluating", track=track)
    found = [one for looker in lookers for one in looker.results(told)]
    judged = [one for one in found if isinstance(one, Judged)]
    return [one for one in found if isinstance(one, ModelScores)], judged


def _read(judging: Auxiliary, clip: Clip) -> Reading:
    if isinstance(judging, TextImageJudge):
        return judging.read(clip)
    return Reading(judging.ef(clip)) if isinstance(judging, EFModel) else Reading()


def _look(clip: Clip, predicted: Predicted, judging: Auxiliary, reading: Reading) -> _Seen:
    """What a model found in a clip, and the auxiliary's scores of its masks."""
    found = find(clip, lv_masks(predicted.prob), predicted.head, predicted.rows)
    values = dict(judging.scores(clip, predicted.prob)) if isinstance(judging, Judge) else {}
    ef = float("nan") if found.ef is None else found.ef
    area = afd.area_curve(predicted.prob)
    return _Seen(clip.name, clip.fps, values, found.events, ef, area, reading)


def _sign(seen: Sequence[Sequence[_Seen]], published: bool) -> tuple[int, float]:
    """The sign of the phase signals and how well they follow the areas; NaN without signals."""
    known = [(one.reading.phase, one.area) for rows in seen for one in rows if one.reading.phase is not None]
    phases, areas = [phase for phase, _ in known], [area for _, area in known]
    sign, agreement = calibrated_sign(phases, areas)
    return (1, sign * agreement) if published else (sign, agreement)


def _phase_words(sign: int, published: bool) -> Words:
    chosen = (
        "as published, its troughs are ES"
        if published
        else f"its {'troughs' if sign > 0 else 'peaks'} are ES"
    )
    how = "" if published else " (chosen so that this figure is positive: look at its size)"
    return Words(
        "Phase signal against area", "", 3,
        f"mean over clips of the correlation of the auxiliary's phase signal with the LV area; {chosen}{how}",
    )  # fmt: skip


def _row(one: _Seen, sign: int) -> JudgedClip:
    """The row of a clip, its events compared with the auxiliary's."""
    if one.reading.phase is None:
        return JudgedClip(one.clip, one.values, one.ef, one.reading.ef)
    phase = sign * one.reading.phase
    ed, es = match_clip(one.found, phase_events(phase, one.fps), one.fps)
    values = {**one.values, **_phase_values(phase, one.area)}
    return JudgedClip(one.clip, values, one.ef, one.reading.ef, ed, es)


def _phase_values(phase: Floats, area: Floats) -> Mapping[str, float]:
    """How well a phase signal whose troughs are ES follows an area curve, and the guided aFD of both."""
    strongest = {"ed": afd.ed_reference_from_signal(phase), "es": afd.es_reference_from_signal(phase)}
    guided = {f"afd_{kind}": float(afd.distances([area], [at], kind)[0]) for kind, at in strongest.items()}
    return {"phase_correlation": float((afd.z_scored(phase) * afd.z_scored(area)).mean()), **guided}
