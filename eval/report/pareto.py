"""Dice against the number of weights and against frames per second: published models, ours beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes

from echodfkd.errors import EchoError
from echodfkd.eval.published import STUDENT, Published, PublishedModel, published
from echodfkd.eval.report.content import Cell, Chart, Section, Table
from echodfkd.eval.report.plots import PAGE, STYLE, drawing, svg


@dataclass(frozen=True)
class Point:
    """One of the models judged here: weights (None where unknown), mean Dice 0..1, frames per second."""

    name: str
    parameters: int | None
    dice: float
    frames_per_second: float | None = None


@dataclass(frozen=True)
class Place:
    """Where a model stands in a chart."""

    name: str
    x: float
    dice: float


def size_chart(ours: Sequence[Point], table: Published | None = None) -> str:
    """SVG: Dice against parameters (log scale) of the models of known size.

    Args:
        table: the package's own by default.

    Raises:
        EchoError: if a number of parameters is not positive.
    """
    places = [Place(one.name, one.parameters, one.dice) for one in ours if one.parameters is not None]
    grey = {model.name: float(model.parameters) for model in (table or published()).models}
    return _chart(places, grey, "parameters", table or published(), small_is_good=True)


def speed_chart(ours: Sequence[Point], speeds: Mapping[str, float], table: Published | None = None) -> str:
    """SVG: Dice against frames per second (log scale), more to the right; `speeds` of published models.

    Raises:
        EchoError: if a speed is not positive.
    """
    places = [
        Place(one.name, one.frames_per_second, one.dice) for one in ours if one.frames_per_second is not None
    ]
    axis = "frames per second on this machine"
    return _chart(places, speeds, axis, table or published(), small_is_good=False)


def _chart(
    ours: Sequence[Place],
    grey: Mapping[str, float],
    axis: str,
    table: Published,
    small_is_good: bool,
) -> str:
    if any(place.x <= 0 for place in ours):
        raise EchoError("a model of no parameters or no speed has no place on a logarithmic axis")
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing(height=3.9)
        axes.set_xscale("log")
        _draw_published(axes, [model for model in table.models if model.name in grey], grey, small_is_good)
        for number, place in enumerate(sorted(ours, key=lambda place: place.x)):
            axes.plot(place.x, place.dice, "D", color=PAGE.es, markersize=7, zorder=4)
            _name(axes, place.name, place.x, place.dice, above=bool(number % 2))
        axes.set(xlabel=f"{axis} (log scale)", ylabel="mean Dice per image")
        axes.margins(x=0.14, y=0.14)
        return svg(figure)


def _draw_published(
    axes: Axes, models: Sequence[PublishedModel], at: Mapping[str, float], small_is_good: bool
) -> None:
    way = 1 if small_is_good else -1
    students = sorted((m for m in models if m.family == STUDENT), key=lambda model: way * at[model.name])
    best = [m for i, m in enumerate(students) if all(m.dice > other.dice for other in students[:i])]
    axes.plot([at[m.name] for m in best], [m.dice for m in best], color=PAGE.faint, linewidth=1.2)
    axes.plot([at[m.name] for m in students], [m.dice for m in students], "o", color=PAGE.faint, markersize=5)
    if best:
        middle = best[len(best) // 2]
        _name(axes, "EchoDFKD students", at[middle.name], middle.dice, above=False)
    for model in models:
        if model.family != STUDENT:
            axes.plot(at[model.name], model.dice, "s", color=PAGE.faint, markersize=6)
            short, above = model.name.split(" (")[0], model.name == "SimLVSeg"  # else names overlap
            _name(axes, short, at[model.name], model.dice, above=above)


def _name(axes: Axes, name: str, x: float, y: float, *, above: bool) -> None:
    axes.annotate(
        name,
        (x, y),
        xytext=(0, 7 if above else -8),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        fontsize=9,
    )


def pareto_section(
    ours: Sequence[Point], reference: str, speeds: Mapping[str, float] | None = None, how: str = ""
) -> Section:
    """The charts, the published source, and why the two do not compare directly.

    Args:
        speeds: frames per second of published models by name; without any, no chart of speed.
        how: how they were measured.
    """
    table = published()
    line = f"Orange: the models judged here, against {reference}. Grey: published"
    size = Chart(
        size_chart(ours, table),
        caption=f"{line}; on the line, no smaller student was better.",
        alt="Dice against the number of parameters of published models and of those judged here",
    )
    charts = [size]
    if speeds:
        fast = Chart(
            speed_chart(ours, speeds, table),
            caption=f"{line}; on the line, no faster student was better. EchoDFKD publishes no speed: grey "
            f"is {how}. Orange: timed as in the table of scores.",
            alt="Dice against frames per second of published models and of those judged here",
        )
        charts.append(fast)
    return Section("Size, speed and Dice", f"{table.caution} Published: {table.source}.", tuple(charts))


def published_section(speeds: Mapping[str, float]) -> Section:
    """The published table, folded."""
    table = published()
    rows = [
        (m.name, m.family, f"{m.parameters:,}", f"{m.dice:g}", _speed(speeds.get(m.name)))
        for m in table.models
    ]
    columns = ("Published", "", "Parameters", "Dice", "Frames per second here")
    block = Table(columns, tuple(tuple(map(Cell, row)) for row in rows), table.test_set)
    return Section("Published figures", f"{table.source}. {table.caution}", (block,), folded=True)


def _speed(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
