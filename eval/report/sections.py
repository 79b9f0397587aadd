"""The usual sections of a report, from what the commands have in hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Clip
from echodfkd.eval.report import plots
from echodfkd.eval.report.content import Cell, Chart, Fact, Picture, Score, Section, Table
from echodfkd.eval.report.pictures import animation, contact_sheet
from echodfkd.segment.result import SegmentResult, counted

NOTHING = "–"


def synthetic_samples(clips: Sequence[Clip], text: str) -> Section:
    """A contact sheet of clips with exact masks; `text` says where they come from."""
    sheet = Picture(
        contact_sheet(clips),
        caption="End-diastole (ED) above end-systole (ES) of each clip; yellow: the exact outline of the LV.",
        alt=f"{len(clips)} synthetic apical clips at ED and ES with the LV outlined",
    )
    return Section("Synthetic clips", text, (sheet,))


def training(rows: Sequence[Mapping[str, Any]], text: str) -> Section:
    """Loss and agreement against the step, from the rows of `metrics.jsonl`."""
    chart = Chart(
        plots.training_curve(rows),
        caption="Agreement is Dice between student and teacher on clips that were not trained on.",
        alt="training loss and agreement with the teacher against the training step",
    )
    return Section("Training", text, (chart,))


def scores(figures: Sequence[Score], text: str) -> Section:
    """A table of scores: a row per metric with its definition, a column per comparison, both as they come."""
    return Section("Scores", text, (score_table(figures),))


def score_table(figures: Sequence[Score], definitions: bool = True) -> Table:
    """Scores as a table, with their definitions or without; a figure that is missing shows as a dash."""
    comparisons = list(dict.fromkeys(score.comparison for score in figures))
    defined = {score.metric: score.definition if definitions else "" for score in figures}
    at = {(score.metric, score.comparison): score for score in figures}
    rows = tuple(
        (Cell(metric, definition), *(_score_cell(at.get((metric, name))) for name in comparisons))
        for metric, definition in defined.items()
    )
    caption = "Below each figure: its 95% interval, bootstrapped over clips, and the number it rests on."
    return Table(("", *comparisons), rows, caption)


def ef_and_events(
    true_ef: npt.ArrayLike, found_ef: npt.ArrayLike, errors: Mapping[str, npt.ArrayLike], text: str
) -> Section:
    """EF found against true EF (percent, pairs), and how many frames ED and ES are off (found minus true)."""
    charts = []
    if np.size(true_ef):
        alt = "ejection fraction found against true ejection fraction"
        caption = "Each dot is a clip; on the dashed line both are equal."
        charts.append(Chart(plots.ef_scatter(true_ef, found_ef), caption, alt))
        caption = "Bland-Altman: bias and 95% limits of agreement."
        charts.append(Chart(plots.bland_altman(true_ef, found_ef), caption, "Bland-Altman plot of EF"))
    if any(np.size(values) for values in errors.values()):
        caption = "Matched events only; misses and false beats are in the table of scores."
        charts.append(
            Chart(plots.event_histogram(errors), caption, "histogram of errors of ED and ES in frames")
        )
    return Section("Ejection fraction and timing", text, tuple(charts))


def real_clip(result: SegmentResult, video: Path, text: str) -> Section:
    """The overlay of a real clip, moving, with its area curve and figures; `video` is its `NAME.mp4`."""
    moving, still = animation(video)
    overlay = Picture(
        moving,
        caption="Yellow: the LV outline that the model found. Right: its area over time with ED and ES.",
        alt="ultrasound clip with the LV outlined beside its area curve",
        still=still,
    )
    curve = Chart(plots.area_curve(result), "LV area with the ED and ES found.", "LV area against time")
    return Section("A real clip", text, (overlay, curve, result_table(result)))


def result_table(result: SegmentResult) -> Table:
    """What was found in a clip, in words: EF, heart rate, beats, model, warnings."""
    beats = counted(result.beats)
    kind = "complete" if any(beat.complete for beat in result.beats) else "half"
    plural = "s" if len(beats) > 1 else ""
    rows = {
        "Ejection fraction": Cell(
            NOTHING if result.ef is None else f"{result.ef:.0f} %",
            f"{result.ef_method}, {len(beats)} {kind} beat{plural}" if beats else "no beat found",
        ),
        "Heart rate": Cell(
            NOTHING if result.heart_rate_bpm is None else f"{result.heart_rate_bpm:.0f} per minute"
        ),
        "ED frames": Cell(", ".join(map(str, result.ed_frames)) or NOTHING, "counted from 0"),
        "ES frames": Cell(", ".join(map(str, result.es_frames)) or NOTHING),
        "Model": Cell(f"{result.model.name}, {result.model.claim}", f"sha256 {result.model.sha256}"),
        "Tracing convention": Cell(result.convention),
        "Remarks": Cell(" ".join(result.warnings) or "None."),
    }
    return Table(("", "Found"), tuple((Cell(head), cell) for head, cell in rows.items()))


def manifest(entries: Mapping[str, Any], text: str = "What it takes to make these figures again.") -> Section:
    """Every entry of a manifest as a table; nested ones are named "outer.inner"."""
    rows = tuple((Cell(key), Cell(value)) for key, value in _flat(entries))
    return Section("How this was made", text, (Table(("", "Value"), rows),))


def ef_fact(result: SegmentResult) -> Fact:
    """The tile with a clip's EF."""
    value = NOTHING if result.ef is None else f"{result.ef:.0f} %"
    return Fact("EF of the real clip", value, f"by {result.ef_method}")


def score_text(score: Score) -> str:
    """The figure itself: "0.913", "2.1 frames", "611,185"."""
    if score.value is None:
        return NOTHING
    return f"{score.value:,.{score.digits}f} {score.unit}".strip()


def _score_cell(score: Score | None) -> Cell:
    if score is None:
        return Cell(NOTHING)
    interval = [] if score.low is None else [f"{score.low:.{score.digits}f} to {score.high:.{score.digits}f}"]
    count = [] if score.n is None else [f"n = {score.n:,}"]
    return Cell(score_text(score), ", ".join(interval + count))


def _flat(entries: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in entries.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            found.append((f"{prefix}{key}", text if value is not None else NOTHING))
    return found
