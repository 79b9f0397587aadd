"""A comparison of sets for metrics.json, the report and the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from echodfkd.eval.fidelity.compare import CAVEAT, Comparison
from echodfkd.eval.metric import Figure
from echodfkd.eval.report import sections
from echodfkd.eval.report.content import Report, Score, Section


def entry(found: Comparison) -> dict[str, Any]:
    """The entry "fidelity" of metrics.json."""
    return {
        "synthetic": found.synthetic,
        "reference": found.reference,
        "clips": {"synthetic": found.clips[0], "reference": found.clips[1]},
        "features": {"name": found.features, "sha256": found.digest},
        "notes": [CAVEAT, *found.notes],
        "figures": {figure.name: figure.entry() for figure in found.figures},
        "nearest": [
            {"clip": pair.clip, "reference": pair.reference, "similarity": round(pair.similarity, 4)}
            for pair in found.nearest
        ],
        "between_halves_of_the_reference": {figure.name: figure.entry() for figure in found.floor},
    }


def section(found: Comparison) -> Section:
    """The report's table: the main figures of the set, and the same of two halves of the reference."""
    ours, theirs = found.synthetic, f"two halves of {found.reference}"
    shown = [figure for figure in found.figures if not figure.detail]
    names = {figure.name for figure in shown}
    scores = [_score(figure, ours) for figure in shown]
    scores += [_score(figure, theirs) for figure in found.floor if figure.name in names]
    text = f"{ours} beside {found.reference}, features of {found.features}. {CAVEAT} {' '.join(found.notes)}"
    return Section("Fidelity of the clips", text.strip(), (sections.score_table(scores),))


def _score(f: Figure, column: str) -> Score:
    low, high = f.interval or (None, None)
    return Score(f.title, column, f.value, low, high, f.n, f.unit, f.definition, f.digits)


def page(found: Comparison, data: Mapping[str, Any]) -> Report:
    """The report where nobody judges the models."""
    return Report(
        title=f"Fidelity of {found.synthetic}",
        lead=f"{found.clips[0]} clips beside {found.clips[1]} of {found.reference}. No labels, no judge: the "
        "models were not scored.",
        sections=(section(found), sections.manifest(data)),
    )


def lines(found: Comparison) -> Iterator[str]:
    """What is printed: the main figures, in brackets behind them those of two halves of the reference."""
    clips = "{} and {} clips".format(*found.clips)
    yield f"{found.synthetic} beside {found.reference}, {clips}, features of {found.features}"
    for figure in found.figures:
        if not figure.detail:
            floor = found.floor_of(figure.name)
            beside = (
                "" if floor is None else f" (two halves of the reference: {floor.value:.{floor.digits}f})"
            )
            yield f"  {figure.line().rstrip()}{beside}"
    for note in found.notes:
        yield f"  note: {note}"
    yield f"  note: {CAVEAT}"
