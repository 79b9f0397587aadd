"""The best, the median and the worst clip of an evaluation, looked at again so that they can be shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from echodfkd.clip import BoolMask, Clip
from echodfkd.clipset import ClipSet
from echodfkd.eval.auxiliary.judged import Judged
from echodfkd.eval.reference import Reference, find, labels_of, teacher_of
from echodfkd.eval.run import ModelScores
from echodfkd.eval.score import predict
from echodfkd.segment.masks import lv_masks
from echodfkd.segment.measure import Findings
from echodfkd.segmenter import Segmenter


@dataclass(frozen=True, eq=False)
class Example:
    """One clip, T frames.

    Attributes:
        rank: "Best clip", "Median clip", "Worst clip" or "The only clip". score: why, as "Dice 0.938".
        clip: it. model: whose masks are shown. by: by whom they were judged, as "labels".
        found: its masks, bool (T, H, W). findings: its events and EF.
        reference: what it was judged against; None where an auxiliary gave a score alone.
    """

    rank: str
    score: str
    clip: Clip
    model: str
    by: str
    found: BoolMask
    findings: Findings
    reference: Reference | None


def scored_examples(result: ModelScores, clips: ClipSet, other: Segmenter | None = None) -> Iterator[Example]:
    """Of a model against a reference, by its mean Dice on each clip.

    Args:
        other: the teacher or auxiliary that was the reference; None for labels.
    """
    means = {score.clip: float(score.dice.mean()) for score in result.scores if len(score.dice)}
    for rank, name in ranked(means).items():
        clip = clips.load(name)
        reference = (
            labels_of(clip, clips.tracings(clips.record(name)))
            if other is None
            else teacher_of(clip, other.name, predict(clip, other).prob)
        )
        score = f"Dice {means[name]:.3f}"
        yield _example(rank, score, clip, result.model, result.title, result.reference, reference)


def judged_examples(judged: Judged, clips: ClipSet) -> Iterator[Example]:
    """Of a model under an auxiliary, by the first of its scores of masks; none where it gives none."""
    scores = {key for row in judged.rows for key in row.values}
    first = next((figure for figure in judged.figures if figure.name in scores), None)
    if first is None:
        return
    values = {row.clip: row.values.get(first.name, np.nan) for row in judged.rows}
    for rank, name in ranked(values).items():
        score = f"{first.title.lower()} {values[name]:.{first.digits}f}"
        yield _example(rank, score, clips.load(name), judged.model, judged.model.name, judged.by, None)


def ranked(values: Mapping[str, float]) -> dict[str, str]:
    """Names of the clips of the highest, the middle and the lowest value, by their rank.

    >>> ranked({"a": 0.9, "b": 0.7, "c": 0.8})
    {'Best clip': 'a', 'Median clip': 'c', 'Worst clip': 'b'}
    """
    order = sorted((name for name in values if np.isfinite(values[name])), key=lambda name: -values[name])
    if len(order) < 2:
        return dict(zip(["The only clip"], order, strict=False))
    middle = {"Median clip": order[len(order) // 2]} if len(order) > 2 else {}
    return {"Best clip": order[0], **middle, "Worst clip": order[-1]}


def _example(
    rank: str, score: str, clip: Clip, model: Segmenter, title: str, by: str, reference: Reference | None
) -> Example:
    predicted = predict(clip, model)
    masks = lv_masks(predicted.prob)
    findings = find(clip, masks, predicted.head, predicted.rows)
    return Example(rank, score, clip, title, by, masks, findings, reference)
