"""What `echodfkd eval` leaves: metrics.json, per_clip.csv and report.html."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.clip import Clip
from echodfkd.clipset_writer import software_versions
from echodfkd.eval.auxiliary import outputs as auxiliary_outputs
from echodfkd.eval.auxiliary.judged import Judged
from echodfkd.eval.figures import Figure
from echodfkd.eval.report import sections
from echodfkd.eval.report.content import Fact, Report, Score, Section
from echodfkd.eval.report.page import write_report
from echodfkd.eval.run import ModelScores, parameters, rows
from echodfkd.files import write_json, write_text

SIZE = "weights of the network; – where they are unknown"
SHARED_WORLD = (
    "These clips come from the simulator that the models were trained on: the figures show how well they "
    "know their own world, not how they do on patients."
)


def metrics(
    results: Sequence[ModelScores], data: Mapping[str, Any], judged: Sequence[Judged] = ()
) -> dict[str, Any]:
    """Content of metrics.json: every figure with definition, n and interval, what was compared, what an
    auxiliary model said, and what is wrong with each clip that was skipped.
    """
    return {
        "data": dict(data),
        "corrupt": dict(results[0].corrupt if results else judged[0].corrupt if judged else {}),
        "results": [_result(result) for result in results],
        "judged": [auxiliary_outputs.entry(one) for one in judged],
        "software": software_versions(),
        "use": "research only, not for diagnosis",
    }


def _result(result: ModelScores) -> dict[str, Any]:
    model = result.model
    return {
        "model": {
            "name": model.name,
            "sha256": model.digest,
            "claim": model.claim,
            "convention": model.convention,
            "parameters": parameters(model),
        },
        "reference": result.reference,
        "word": word(result.reference),
        "events_from": result.events_from,
        "clips": len(result.scores),
        "frames_per_second": round(result.frames_per_second, 1),
        "figures": {figure.name: _figure(figure) for figure in result.figures},
    }


def word(reference: str) -> str:
    """What closeness to this reference is called: only people and exact labels make it accuracy."""
    return "accuracy" if reference == "labels" else "agreement"


def _figure(figure: Figure) -> dict[str, Any]:
    bounds = None if figure.interval is None else [round(bound, 5) for bound in figure.interval]
    return {
        "value": round(figure.value, 5),
        "interval_95": bounds,
        "n": figure.n,
        "of": figure.of,
        "unit": figure.unit,
        "definition": figure.definition,
    }


def write_outputs(
    output: Path,
    results: Sequence[ModelScores],
    data: Mapping[str, Any],
    samples: Sequence[Clip],
    judged: Sequence[Judged] = (),
) -> None:
    """Write the three files to the folder `output`; `samples` are shown in the report if they have labels.

    `results` or `judged`, what an auxiliary model said, may be empty, not both.
    """
    write_json(output / "metrics.json", metrics(results, data, judged))
    table = [*rows(results), *auxiliary_outputs.clip_rows(judged)]
    columns = dict.fromkeys(name for row in table for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    write_text(output / "per_clip.csv", text.getvalue())
    page = report(results, data, samples, judged) if results else auxiliary_outputs.page(judged, data)
    write_report(page, output / "report.html")


def report(
    results: Sequence[ModelScores],
    data: Mapping[str, Any],
    samples: Sequence[Clip],
    judged: Sequence[Judged] = (),
) -> Report:
    """The page of an evaluation."""
    first = results[0]
    names = ", ".join(dict.fromkeys(result.model.name for result in results))
    shared = SHARED_WORLD if data.get("generator") == "sim" else ""
    parts = [sections.scores(report_scores(results), shared), ef_and_timing(first)]
    if judged:
        parts.append(auxiliary_outputs.section(judged))
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
    note = f"{result.model.name} against {result.reference}"
    return tuple(Fact(f.title, f"{f.value:.{min(f.digits, 3)}f} {f.unit}".strip(), note) for f in picked)


def ef_and_timing(result: ModelScores) -> Section:
    """EF and event charts of one model."""
    errors = {
        kind.upper(): np.array([f - t for s in result.scores for f, t in getattr(s, kind).pairs], float)
        for kind in ("ed", "es")
    }
    true, found = (np.array([getattr(s, key) for s in result.scores]) for key in ("ef_true", "ef_found"))
    known = np.isfinite(true) & np.isfinite(found)
    text = f"{result.model.name} against {result.reference}; {result.events_from}."
    return sections.ef_and_events(true[known], found[known], errors, text)


def report_scores(results: Sequence[ModelScores]) -> list[Score]:
    """Every figure of every comparison as rows of the report's table, then size and speed."""
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
    ]
    for result in results:
        size = parameters(result.model)
        found.append(Score("Parameters", _column(result), size, definition=SIZE, digits=0))
        speed = "forward passes alone on this machine, all threads"
        found.append(
            Score("Frames per second", _column(result), result.frames_per_second, definition=speed, digits=0)
        )
    return found


def _column(result: ModelScores) -> str:
    return f"{result.model.name} against {result.reference}"
