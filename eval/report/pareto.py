"""Dice against the number of weights: the published models, and ours beside them."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes

from echodfkd.errors import EchoError
from echodfkd.eval.published import STUDENT, Published, PublishedModel, published
from echodfkd.eval.report.content import Cell, Chart, Section, Table
from echodfkd.eval.report.plots import PAGE, STYLE, drawing, svg

Point = tuple[str, int, float]  # name, parameters, Dice 0..1
GIVEN = "mean Dice per image\n(grey: EchoNet-Dynamic test set, human labels;\ncoloured: the given data, {})"


def pareto_chart(ours: Sequence[Point], reference: str, table: Published | None = None) -> str:
    """SVG: Dice against parameters (log scale); published models grey, `ours` coloured.

    Args:
        ours: of known size. reference: what ours were judged against. table: the package's own by default.

    Raises:
        EchoError: if a number of parameters is not positive.
    """
    if any(size <= 0 for _, size, _ in ours):
        raise EchoError("a model of no parameters has no place on a logarithmic axis")
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing(width=6.4, height=4.2)
        axes.set_xscale("log")
        _draw_published(axes, (table or published()).models)
        for name, size, dice in ours:
            axes.plot(size, dice, "D", color=PAGE.es, markersize=7, zorder=4)
            _name(axes, name, size, dice, above=False)
        axes.set(xlabel="parameters (log scale)", ylabel=GIVEN.format(reference))
        axes.margins(x=0.12, y=0.12)
        return svg(figure)


def _draw_published(axes: Axes, models: Sequence[PublishedModel]) -> None:
    students = sorted((m for m in models if m.family == STUDENT), key=lambda model: model.parameters)
    best = [m for i, m in enumerate(students) if all(m.dice > other.dice for other in students[:i])]
    axes.plot([m.parameters for m in best], [m.dice for m in best], color=PAGE.faint, linewidth=1.2)
    sizes, dice = [m.parameters for m in students], [m.dice for m in students]
    axes.plot(sizes, dice, "o", color=PAGE.faint, markersize=5)
    _name(axes, "EchoDFKD students", best[-1].parameters, best[-1].dice, above=False)
    for model in models:
        if model.family != STUDENT:
            axes.plot(model.parameters, model.dice, "s", color=PAGE.faint, markersize=6)
            short, above = model.name.split(" (")[0], model.name == "SimLVSeg"  # else names overlap
            _name(axes, short, model.parameters, model.dice, above=above)


def _name(axes: Axes, name: str, x: float, y: float, *, above: bool) -> None:
    axes.annotate(
        name,
        (x, y),
        xytext=(0, 7 if above else -8),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        fontsize=8.5,
    )


def pareto_section(ours: Sequence[Point], reference: str) -> Section:
    """The chart, the published table, its source, and why the two do not compare directly."""
    table = published()
    chart = Chart(
        pareto_chart(ours, reference, table),
        caption=f"{table.caution} Grey: {table.source}; line: no smaller student was better.",
        alt="Dice against the number of parameters of published models and of those judged here",
    )
    rows = [(m.name, m.family, f"{m.parameters:,}", f"{m.dice:g}") for m in table.models]
    published_rows = Table(
        ("Published", "", "Parameters", "Dice"), tuple(tuple(map(Cell, row)) for row in rows), table.test_set
    )
    return Section("Size and accuracy", table.caution, (chart, published_rows))
