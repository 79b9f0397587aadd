"""What an auxiliary model said, for metrics.json, per_clip.csv, the report and the terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from echodfkd.eval.auxiliary.judged import Judged
from echodfkd.eval.per_clip import blank, events
from echodfkd.eval.report import sections
from echodfkd.eval.report.content import Score, Section

NOT_ACCURACY = (
    "An auxiliary model stands in where nobody has labels. Its figures are neither accuracy nor agreement "
    "with people: look at its controls first. An empty mask and an oversized one must score clearly lower "
    "than the masks that are judged."
)


def entry(judged: Judged) -> dict[str, Any]:
    """One model under one auxiliary in metrics.json."""
    return {
        "model": {"name": judged.model.name, "sha256": judged.model.digest, "claim": judged.model.claim},
        "auxiliary": {
            "name": judged.auxiliary,
            "kind": judged.kind,
            "sha256": judged.digest,
            "claim": judged.claim,
            "note": judged.note,
        },
        "word": judged.by,
        "form": judged.form,
        "events_from": judged.events_from,
        "clips": len(judged.rows),
        "figures": {figure.name: figure.entry() for figure in judged.figures},
    }


def clip_rows(results: Sequence[Judged]) -> Iterator[dict[str, object]]:
    """Rows of per_clip.csv: the columns of label metrics that apply, then the auxiliary's scores by name."""
    for judged in results:
        for row in judged.rows:
            yield {
                "model": judged.model.name,
                "reference": f"auxiliary {judged.auxiliary}",
                "clip": row.clip,
                **(events("ed", row.ed) | events("es", row.es) if judged.events_from else {}),
                "ef": blank(row.ef_found, 3),
                "ef_reference": blank(row.ef_auxiliary, 3),
                **{name: blank(value, 5) for name, value in row.values.items()},
            }


def section(results: Sequence[Judged]) -> Section:
    """The report's table of what the auxiliary said; its note is in the title, cut short over each column."""
    first = results[0]
    claim = f"What it has seen: {first.claim}."
    events = f" {first.events_from}." if first.events_from else ""
    found = [score for judged in results for score in _scores(judged)]
    table = sections.score_table(found, definitions=False)
    return Section(f"{first.by[0].upper()}{first.by[1:]}", f"{NOT_ACCURACY} {claim}{events}", (table,))


def _scores(judged: Judged) -> Iterator[Score]:
    for f in judged.figures:
        low, high = f.interval or (None, None)
        short = f" ({judged.note.split(':')[0]})" if judged.note else ""  # whole in the section's title
        column = f"{judged.model.name} judged by {judged.auxiliary}{short}"
        yield Score(f.title, column, f.value, low, high, f.n, f.unit, f.definition, f.digits)


def lines(judged: Judged) -> Iterator[str]:
    """What is printed of one model."""
    yield f"{judged.model.name} {judged.by}, {len(judged.rows)} clips"
    for figure in judged.figures:
        yield f"  {figure.line()}"
    if len(judged.rows) == 1:
        yield "  One clip: no intervals."
    if judged.events_from:
        yield f"  {judged.events_from}"
