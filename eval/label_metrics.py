"""Figures of overlap and distance of masks: over all frames, at the reference's ED and at its ES frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.metric import Floats, Metric, Scores, mean_of, number_of, ratio

CLEAN = "masks at probability .5, largest piece, holes filled"
EMPTY = "both empty counts 1, one empty 0"


@dataclass(frozen=True)
class Frames:
    """Which frames a figure is over: `rows` are their places among the judged frames of a clip."""

    suffix: str
    title: str
    words: str
    rows: Callable[[ClipScore], slice | list[int]]

    def dice(self, score: ClipScore) -> Floats:
        """Dice of each image."""
        return score.dice[self.rows(score)]

    def iou(self, score: ClipScore) -> Floats:
        """IoU of each image."""
        return score.iou[self.rows(score)]

    def counts(self, score: ClipScore) -> npt.NDArray[np.int64]:
        """See `dice.overlap`."""
        return score.counts[self.rows(score)]

    def distance(self, column: int, in_mm: bool) -> Callable[[ClipScore], Floats]:
        """HD95 (column 0) or ASSD (1) of each image of the clips whose distances are in that unit."""

        def values(score: ClipScore) -> Floats:
            fits = len(score.distances) and score.in_mm == in_mm
            return score.distances[self.rows(score), column] if fits else np.zeros(0)

        return values


FRAMES = (
    Frames("", "", "images", lambda score: slice(None)),
    Frames("_ed", " at ED", "images at the reference's ED frames", lambda score: list(score.at_ed)),
    Frames("_es", " at ES", "images at the reference's ES frames", lambda score: list(score.at_es)),
)


def label_metrics() -> Iterator[Metric]:
    """All of them, those over all frames first."""
    for frames in FRAMES:
        yield from _overlap(frames)
        yield from _distances(frames)
        if not frames.suffix:
            yield _worst_clip()
            yield _one_empty()


def _overlap(on: Frames) -> Iterator[Metric]:
    dice, iou = "2|A and B| / (|A| + |B|)", "|A and B| / |A or B|"
    for name, title, formula, values in (("dice", "Dice", dice, on.dice), ("iou", "IoU", iou, on.iou)):
        yield Metric(
            f"{name}{on.suffix}", f"{title} per image{on.title}", ratio, number_of(values), "images", "", 4,
            f"mean over {on.words} of {formula}; {CLEAN}; {EMPTY}", mean_of(values), detail=name == "iou",
        )  # fmt: skip
        yield Metric(
            f"{name}_clip{on.suffix}", f"{title} per clip{on.title}", ratio, _clips(values), "clips", "", 4,
            f"mean over clips of the clip's mean {title} over its {on.words}", mean_of(_mean(values)),
            detail=True,
        )  # fmt: skip
        yield Metric(
            f"{name}_pooled{on.suffix}", f"{title} pooled{on.title}", _pooled(name), number_of(values),
            "images", "", 4, f"{formula} over the pixels of all {on.words} at once, as EchoNet-Dynamic "
            f"prints its Dice (it leaves masks uncleaned); {CLEAN}", _summed(on),
            detail=name == "iou" or bool(on.suffix),
        )  # fmt: skip


def _distances(on: Frames) -> Iterator[Metric]:
    words = {
        "hd95": "95th percentile of the distances between the outlines, the larger of both directions",
        "assd": "mean distance between the outlines, over the boundary pixels of both",
    }
    for in_mm, unit in ((True, "mm"), (False, "pixels")):
        for column, name in enumerate(words):
            values = on.distance(column, in_mm)
            spacing = "by the clip's spacing" if in_mm else "of clips whose pixel spacing is unknown"
            yield Metric(
                f"{name}_{unit}{on.suffix}", f"{name.upper()}{on.title}", ratio, number_of(values), "images",
                unit, 2, f"mean over {on.words} of the {words[name]}, in {unit} {spacing}; both masks empty "
                "counts 0, images with one empty are left out", mean_of(values), detail=bool(on.suffix),
            )  # fmt: skip


def _worst_clip() -> Metric:
    values = _mean(FRAMES[0].dice)

    def worst(means: Floats) -> float:
        known = means[np.isfinite(means)]
        return float(known.min()) if len(known) else np.nan

    return Metric(
        "dice_worst_clip", "Dice of the worst clip", worst, number_of(values), "clips", "", 4,
        "smallest over clips of the clip's mean Dice", lambda s: np.array([values(c) for c in s], np.float64),
    )  # fmt: skip


def _one_empty() -> Metric:
    """The distances that are left out, counted."""
    return Metric(
        "one_empty", "Images with one mask empty", lambda lost: float(lost.sum()) if len(lost) else np.nan,
        lambda scores: sum(len(score.distances) for score in scores), "images", "", 0,
        "images in which just one of the two masks is empty: 0 for Dice and IoU, and no distance",
        lambda scores: np.array([np.isnan(s.distances[:, 0]).sum() for s in scores if len(s.distances)]),
        detail=True,
    )  # fmt: skip


def _mean(values: Callable[[ClipScore], Floats]) -> Callable[[ClipScore], float]:
    """A clip's mean, NaN of none."""

    def mean(score: ClipScore) -> float:
        found = values(score)
        return float(found.mean()) if len(found) else np.nan

    return mean


def _clips(values: Callable[[ClipScore], Floats]) -> Callable[[Scores], int]:
    return number_of(_mean(values))


def _summed(on: Frames) -> Callable[[Scores], Floats]:
    """Pixels in both masks and the sum of their sizes, per clip, and how many images: (N, 3)."""
    return lambda scores: np.array(
        [[*on.counts(score).sum(0), len(on.counts(score))] for score in scores], np.float64
    ).reshape(-1, 3)


def _pooled(name: str) -> Callable[[Floats], float]:
    def pooled(sums: Floats) -> float:
        both, total, images = sums.sum(0)
        if not total:
            return 1.0 if images else np.nan
        return float(2 * both / total if name == "dice" else both / (total - both))

    return pooled
