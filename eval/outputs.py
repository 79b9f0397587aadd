"""What `echodfkd eval` leaves: metrics.json, per_clip.csv, report.html; size.csv if frames were traced."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.clip import Clip
from echodfkd.eval.auxiliary import outputs as auxiliary_outputs
from echodfkd.eval.auxiliary.judged import Judged
from echodfkd.eval.compare import differences
from echodfkd.eval.fidelity import outputs as fidelity_outputs
from echodfkd.eval.fidelity.compare import Comparison
from echodfkd.eval.metrics_file import metrics, word
from echodfkd.eval.notes import notes
from echodfkd.eval.per_clip import SIZE_COLUMNS, rows, size_rows
from echodfkd.eval.report import sections
from echodfkd.eval.report.comparison import comparison
from echodfkd.eval.report.content import Fact, Report, Score, Section
from echodfkd.eval.report.page import write_report
from echodfkd.eval.report.pareto import pareto_section
from echodfkd.eval.run import ModelScores, parameters
from echodfkd.filelist import csv_text
from echodfkd.files import write_json, write_text

SIZE = "weights of the network; – where they are unknown"
SHARED_WORLD = (
    "These clips come from the simulator that the models were trained on: the figures show how well they "
    "know their own world, not how they do on patients."
)


def write_outputs(
    output: Path,
    results: Sequence[ModelScores],
    data: Mapping[str, Any],
    samples: Sequence[Clip],
    judged: Sequence[Judged] = (),
    fidelity: Comparison | None = None,
) -> None:
    """Write the files to the folder `output`; `samples` are shown in the report if they have labels.

    One of `results`, `judged` (what an auxiliary model said) and `fidelity` must be there. EchoNet-Dynamic's
    size.csv is written where people traced two frames of a clip: that of the first model; those of the others
    carry their names.
    """
    write_json(output / "metrics.json", metrics(results, data, judged, fidelity))
    table = [*rows(results), *auxiliary_outputs.clip_rows(judged)]
    columns = list(dict.fromkeys(name for row in table for name in row))
    lines = ([str(row.get(name, "")) for name in columns] for row in table)
    write_text(output / "per_clip.csv", csv_text(columns, lines))
    for result in results:
        if any(score.sparse for score in result.scores):
            first = result.title == results[0].title
            sizes = (list(map(str, row)) for row in size_rows(result))
            write_text(output / size_name("" if first else result.title), csv_text(SIZE_COLUMNS, sizes))
    write_report(_page(results, data, samples, judged, fidelity), output / "report.html")


def _page(
    results: Sequence[ModelScores],
    data: Mapping[str, Any],
    samples: Sequence[Clip],
    judged: Sequence[Judged],
    fidelity: Comparison | None,
) -> Report:
    """The page, whoever judged, with fidelity before the manifest that ends it."""
    if not results and not judged and fidelity is not None:
        return fidelity_outputs.page(fidelity, data)
    page = report(results, data, samples, judged) if results else auxiliary_outputs.page(judged, data)
    if fidelity is None:
        return page
    *parts, manifest = page.sections
    return replace(page, sections=(*parts, fidelity_outputs.section(fidelity), manifest))


def size_name(model: str = "") -> str:
    """File name of a model's sizes: "size.csv", or "size-NAME.csv" with a plain name."""
    return f"size-{re.sub('[^A-Za-z0-9._+-]+', '_', model)}.csv" if model else "size.csv"


def report(
    results: Sequence[ModelScores],
    data: Mapping[str, Any],
    samples: Sequence[Clip],
    judged: Sequence[Judged] = (),
) -> Report:
    """The page of an evaluation."""
    first = results[0]
    names = ", ".join(dict.fromkeys(result.title for result in results))
    shared = SHARED_WORLD if data.get("generator") == "sim" else ""
    remarks = " ".join(dict.fromkeys(note for result in results for note in notes(result)))
    main, detail = (report_scores(results, detail) for detail in (False, True))
    parts = [sections.scores(main, f"{shared} {remarks}".strip()), *compared(results), ef_and_timing(first)]
    parts += [pareto_section(points(first.reference, results), first.reference)]
    parts += [auxiliary_outputs.section(judged)] if judged else []
    parts += [replace(sections.scores(detail, ""), title="All other figures")] if detail else []
    if samples:
        parts.insert(0, sections.synthetic_samples(samples, "Clips of this set with their labels."))
    against = f"judged against {first.reference}: {word(first.reference)}"
    return Report(
        title=f"Evaluation of {names}",
        lead=f"{len(first.scores)} clips, {against}, not proof of use.{_skipped(first)}",
        sections=(*parts, sections.manifest({**data, **unreadable(first)})),
        facts=headline(first),
    )


def _skipped(result: ModelScores) -> str:
    count = len(result.corrupt)
    return f" {count} more could not be read and {'were' if count > 1 else 'was'} skipped." if count else ""


def unreadable(result: ModelScores) -> dict[str, Any]:
    """An entry of the report's manifest that lists the clips that were skipped; none without any."""
    return {"skipped as unreadable": dict(result.corrupt)} if result.corrupt else {}


def headline(result: ModelScores) -> tuple[Fact, ...]:
    """The few figures that matter most."""
    chosen = ("dice", "ef_mae", "es_error_frames", "ed_error_frames")
    picked = [figure for name in chosen for figure in result.figures if figure.name == name]
    note = f"{result.title} against {result.reference}"
    return tuple(Fact(f.title, f"{f.value:.{min(f.digits, 3)}f} {f.unit}".strip(), note) for f in picked)


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


def points(reference: str, results: Sequence[ModelScores]) -> list[tuple[str, int, float]]:
    """Name, parameters and Dice of the models of known size that were judged by masks of a reference."""
    found = [
        (result.title, parameters(result.model), result.value("dice"))
        for result in results
        if result.reference == reference
    ]
    return [(name, size, dice) for name, size, dice in found if size and np.isfinite(dice)]


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
        size = parameters(result.model)
        found.append(Score("Parameters", _column(result), size, definition=SIZE, digits=0))
        speed = "forward passes alone on this machine, all threads"
        found.append(
            Score("Frames per second", _column(result), result.frames_per_second, definition=speed, digits=0)
        )
    return found


def _column(result: ModelScores) -> str:
    return f"{result.title} against {result.reference}"
