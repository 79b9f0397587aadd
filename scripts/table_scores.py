"""Scores of one student of scripts/students_table.py: a row of numbers a clip, whose sums give figures.

Sums, so that several seeds of a student add up to one row a clip and intervals can be drawn over clips.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from table_clips import Judge

from echodfkd.eval.bootstrap import interval
from echodfkd.eval.dice import dice_per_image
from echodfkd.eval.events import Matches
from echodfkd.eval.real import RealScore, find_clips, score_folder
from echodfkd.eval.score import labels_of, predict, score_clip
from echodfkd.progress import Track
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Segmenter

Row = dict[str, float]  # sums over the frames and events of one clip
RATIOS: dict[str, tuple[str, ...]] = {  # figure -> what is summed above and below the line
    "agreement": ("agreement", "frames"),
    "accuracy": ("accuracy", "frames"),
    "ed_error": ("ed_error", "ed_pairs"),
    "es_error": ("es_error", "es_pairs"),
}


def judged(student: Segmenter, judge: Judge) -> Row:
    """A student on a synthetic clip: Dice to the teacher (agreement), the rest to the exact labels."""
    found = predict(judge.clip, student)
    score = score_clip(judge.clip, found, labels_of(judge.clip))
    agreement = dice_per_image(lv_masks(found.prob), judge.taught)
    row = {"frames": len(agreement), "agreement": agreement.sum(), "accuracy": score.dice.sum()}
    return rounded(row | events(score.ed, "ed") | events(score.es, "es"))


def judged_real(student: Segmenter, folder: Path, track: Track) -> list[Row]:
    """A student on real clips with a teacher's masks, as scripts/score_real.py runs them."""
    scores = score_folder(folder, find_clips(folder), student, track)
    return [real_row(score) for score in scores if score.has_masks]


def real_row(score: RealScore) -> Row:
    """The row of a real clip; its events are read off the teacher's masks."""
    row = {"frames": len(score.dice), "agreement": score.dice.sum()}
    return rounded(row | events(score.ed, "ed") | events(score.es, "es"))


def events(matches: Matches, kind: str) -> Row:
    """Sum of the distances in frames, matched events, and those missed or found where none was."""
    error = sum(abs(found - true) for found, true in matches.pairs)
    odd = len(matches.misses) + len(matches.false)
    return {f"{kind}_error": error, f"{kind}_pairs": len(matches.pairs), f"{kind}_odd": odd}


def rounded(row: Mapping[str, float]) -> Row:
    """Plain numbers, short enough for a file."""
    return {name: round(float(value), 4) for name, value in row.items()}


def value(rows: Sequence[Row], figure: str) -> float:
    """A figure of clips; NaN where it is not defined.

    Args:
        figure: a name of `RATIOS`, or "ed_f1" or "es_f1", which are 2 pairs / (2 pairs + odd).
    """
    if figure in RATIOS:
        above, below = (sum(row[part] for row in rows) for part in RATIOS[figure])
    else:
        kind = figure.removesuffix("_f1")
        pairs, odd = (sum(row[f"{kind}_{part}"] for row in rows) for part in ("pairs", "odd"))
        above, below = 2 * pairs, 2 * pairs + odd
    return above / below if below else float("nan")


def over_clips(rows: Sequence[Row], figure: str) -> tuple[float, float] | None:
    """95% bootstrap interval of a figure over clips."""
    return interval(list(rows), lambda drawn: value(drawn, figure))


def added(runs: Sequence[Sequence[Row]]) -> list[Row]:
    """Rows of several seeds over the same clips as one row a clip."""
    return [{name: sum(row[name] for row in rows) for name in rows[0]} for rows in zip(*runs, strict=True)]


def difference(
    ours: Sequence[Row], theirs: Sequence[Row], figure: str
) -> tuple[float, tuple[float, float] | None]:
    """A figure of one student less that of another on the same clips, with its paired 95% interval."""

    def gap(pairs: Sequence[tuple[Row, Row]]) -> float:
        return value([a for a, _ in pairs], figure) - value([b for _, b in pairs], figure)

    pairs = list(zip(ours, theirs, strict=True))
    return gap(pairs), interval(pairs, gap)
