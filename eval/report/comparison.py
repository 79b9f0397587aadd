"""The table of models held against each other, two by two."""

from collections.abc import Sequence

from echodfkd.eval.compare import Difference
from echodfkd.eval.report.content import Cell, Section, Table

TEXT = "Each pair of models on the same clips: the first less the second, clip by clip."
COLUMNS = ("", "First less second", "95% interval", "p (Wilcoxon)", "Clips", "")


def comparison(found: Sequence[Difference]) -> Section:
    """A row for each pair and metric."""
    rows = tuple(
        (
            Cell(f"{one.title}: {one.first} − {one.second}", f"against {one.reference}; {one.definition}"),
            Cell(f"{one.value:+.{one.digits}f} {one.unit}".strip()),
            Cell(interval_text(one)),
            Cell(p_text(one.p)),
            Cell(str(one.n)),
            Cell(one.in_words()),
        )
        for one in found
    )
    return Section("Model against model", TEXT, (Table(COLUMNS, rows),))


def interval_text(one: Difference) -> str:
    """ "+0.010 to +0.020", or why there is none."""
    if one.interval is None:
        return "one clip: none"
    return " to ".join(f"{bound:+.{one.digits}f}" for bound in one.interval)


def p_text(p: float | None) -> str:
    """ "0.012", "< 0.001", or a dash for one clip."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
