"""What a page says of models judged by labels or a teacher: its headline, its tables, its charts."""

from collections.abc import Sequence

import numpy as np

from echodfkd.eval.compare import differences
from echodfkd.eval.figures import Figure
from echodfkd.eval.report import sections
from echodfkd.eval.report.comparison import comparison
from echodfkd.eval.report.content import Fact, Score, Section
from echodfkd.eval.report.pareto import Point
from echodfkd.eval.run import ModelScores, parameters

SIZE = "weights of the network; – where they are unknown"
SPEED = "forward passes alone on this machine, all threads"
SHARED_WORLD = (
    "These clips come from the simulator that the models were trained on: the figures show how well they "
    "know their own world, not how they do on patients."
)
DETAIL = "What stands behind the figures above, at ED and at ES too."


HEADLINE = ("dice", "ef_mae", "es_error_frames", "ed_error_frames")
HEADLINE_JUDGED = ("mask_overlap", "mask_score", "rca", "ef_mae", "es_error_frames")


def headline(figures: Sequence[Figure], of: str) -> tuple[Fact, ...]:
    """The few figures that matter most, with their intervals; `of` says whose and against what."""
    order = HEADLINE if any(figure.name == "dice" for figure in figures) else HEADLINE_JUDGED
    picked = [figure for name in order for figure in figures if figure.name == name]
    return tuple(Fact(one.title, *_shown(one, of)) for one in picked)


def _shown(figure: Figure, of: str) -> tuple[str, str]:
    digits = min(figure.digits, 3)
    value = f"{figure.value:.{digits}f} {figure.unit}".strip()
    if figure.interval is None:
        return value, of
    low, high = figure.interval
    return value, f"{low:.{digits}f} to {high:.{digits}f} (95%); {of}"


def main_scores(results: Sequence[ModelScores], text: str) -> Section:
    """The headline table."""
    return Section("Scores", text, (sections.score_table(report_scores(results), definitions=False),))


def other_scores(results: Sequence[ModelScores]) -> list[Section]:
    """The table of all other figures, folded; nothing where there are none."""
    found = report_scores(results, detail=True)
    table = sections.score_table(found, definitions=False)
    return [Section("All other figures", DETAIL, (table,), folded=True)] if found else []


def ef_and_timing(result: ModelScores) -> Section:
    """EF and event charts of one model."""
    errors = {
        kind.upper(): np.array([f - t for s in result.scores for f, t in getattr(s, kind).pairs], float)
        for kind in ("ed", "es")
    }
    true, found = (np.array([getattr(s, key) for s in result.scores]) for key in ("ef_true", "ef_found"))
    known = np.isfinite(true) & np.isfinite(found)
    text = f"{result.title} against {result.reference}; {result.events_from}."
    return sections.ef_and_events(true[known], found[known], errors, text)


def compared(results: Sequence[ModelScores]) -> list[Section]:
    """The models held against each other; nothing of one model."""
    found = list(differences(results))
    return [comparison(found)] if found else []


def points(reference: str, results: Sequence[ModelScores]) -> list[Point]:
    """Size, speed and Dice of the models that were judged by masks of a reference."""
    found = [
        Point(result.title, parameters(result.model), result.value("dice"), result.frames_per_second)
        for result in results
        if result.reference == reference
    ]
    return [point for point in found if np.isfinite(point.dice)]


def report_scores(results: Sequence[ModelScores], detail: bool = False) -> list[Score]:
    """The main figures of every comparison as rows of the report's table, size and speed; or the details."""
    found = [
        Score(
            metric=f.title,
            comparison=_column(result),
            value=f.value,
            low=None if f.interval is None else f.interval[0],
            high=None if f.interval is None else f.interval[1],
            n=f.n,
            unit=f.unit,
            definition=f.definition,
            digits=f.digits,
        )
        for result in results
        for f in result.figures
        if f.detail == detail
    ]
    for result in () if detail else results:
        size, speed = parameters(result.model), result.frames_per_second
        found.append(Score("Parameters", _column(result), size, definition=SIZE, digits=0))
        found.append(Score("Frames per second", _column(result), speed, definition=SPEED, digits=0))
    return found


def _column(result: ModelScores) -> str:
    return f"{result.title} against {result.reference}"
