"""Charts as inline SVG that take the page's text colour: readable on light, dark and paper."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from echodfkd.beats import Events
from echodfkd.errors import EchoError
from echodfkd.segment.curve import Theme, draw_area_curve
from echodfkd.segment.result import SegmentResult

AT_END: dict[str, Any] = {"xytext": (5, 0), "textcoords": "offset points", "ha": "left", "va": "center"}
INK = "#010203"  # stands for the page's text colour while matplotlib draws
PAGE = Theme(background="none", ink=INK, faint="#8793a5", line="#c98a00", ed="#2f86dd", es="#df6a30")
REFERENCE = "#0e9aa7"
IN_PAGE = {  # what stands for a colour that the page chooses, for light, dark and paper (page.css)
    INK: "currentColor",
    PAGE.faint: "var(--faint)",
    PAGE.line: "var(--line)",
    PAGE.ed: "var(--ed)",
    PAGE.es: "var(--es)",
    REFERENCE: "var(--reference)",
}
SIZE = (5.2, 3.3)  # inches
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "echodfkd",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "axes.edgecolor": PAGE.faint,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


def area_curve(result: SegmentResult) -> str:
    """LV area against time with ED and ES marks, SVG."""
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing()
        draw_area_curve(axes, result, PAGE)
        return svg(figure)


@dataclass(frozen=True, eq=False)
class Curve:
    """LV area in pixels (N,) at some frames (N,) of a clip, and the events on it."""

    frames: npt.NDArray[np.int64]
    area: npt.NDArray[np.float64]
    events: Events


def area_curves(curves: Mapping[str, Curve], fps: float | None) -> str:
    """Areas against time, the model's first and the reference's second, with ED and ES marks, SVG.

    Args:
        curves: by name; one of some frames only is drawn as dots. fps: Hz; None: the axis counts frames.
    """
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing(width=3.4, height=2.4)
        looks = zip(curves.items(), (PAGE.line, REFERENCE), ("-", "--"), strict=False)
        for (name, curve), colour, style in looks:
            x = curve.frames / (fps or 1)
            whole = len(x) > 1 and len(x) == np.ptp(curve.frames) + 1
            line, dot = (style, "") if whole else ("", "o")
            axes.plot(x, curve.area, marker=dot, linestyle=line, color=colour, linewidth=1.6, label=name)
            for events, mark in ((curve.events.ed, "^"), (curve.events.es, "v")):
                at = np.flatnonzero(np.isin(curve.frames, events))
                fill = colour if style == "-" else "none"
                axes.plot(x[at], curve.area[at], mark, color=colour, markerfacecolor=fill, markersize=7)
        axes.set(xlabel="time (s)" if fps else "frame", ylabel="LV area (pixels)")
        axes.margins(y=0.12)
        figure.legend(loc="outside upper left", ncols=2, borderaxespad=0.2, fontsize=9)
        return svg(figure)


def training_curve(rows: Sequence[Mapping[str, Any]]) -> str:
    """Loss (log scale) above agreement with the teacher, against the step, SVG.

    Args:
        rows: as in `metrics.jsonl`: `step` and any of `loss`, `agreement` (Dice 0..1).

    Raises:
        EchoError: if no row has a step and a loss or agreement.
    """
    curves = {key: _column(rows, key) for key in ("loss", "agreement")}
    drawn = {key: curve for key, curve in curves.items() if len(curve)}
    if not drawn:
        raise EchoError("no training curve: no row has a step and a loss or an agreement")
    with mpl.rc_context(STYLE):
        figure, panels = drawing(rows=len(drawn), height=SIZE[1] * (0.55 + 0.45 * len(drawn)))
        for axes, (key, curve), colour in zip(panels, drawn.items(), (PAGE.es, PAGE.ed), strict=False):
            mark = "o" if len(curve) == 1 else None
            axes.plot(curve[:, 0], curve[:, 1], color=colour, linewidth=1.6, marker=mark)
            axes.set_ylabel("loss" if key == "loss" else "agreement (Dice)")
            if key == "loss" and (curve[:, 1] > 0).all():
                axes.set_yscale("log")
                axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
                axes.yaxis.set_minor_locator(NullLocator())
                axes.yaxis.set_major_formatter("{x:g}")
        panels[-1].set_xlabel("training step")
        return svg(figure)


def ef_scatter(true: npt.ArrayLike, found: npt.ArrayLike) -> str:
    """EF found against true EF (both float (N,), percent) with the line of identity, SVG.

    Raises:
        EchoError: if the two differ in length or are empty.
    """
    x, y = _pairs(true, found)
    low, high = min(x.min(), y.min()) - 3, max(x.max(), y.max()) + 3
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing(width=4.0, height=4.0)
        axes.plot([low, high], [low, high], color=PAGE.faint, linewidth=1, linestyle=(0, (4, 3)))
        _dots(axes, x, y)
        axes.set(
            xlabel="true EF (%)", ylabel="EF found (%)", xlim=(low, high), ylim=(low, high), aspect="equal"
        )
        return svg(figure)


def bland_altman(true: npt.ArrayLike, found: npt.ArrayLike) -> str:
    """Difference of EF found and true EF against their mean, with bias and 95% limits of agreement, SVG.

    Bland and Altman 1986, Lancet 327:307-310: limits at bias +- 1.96 standard deviations.

    Raises:
        EchoError: if the two differ in length or are empty.
    """
    x, y = _pairs(true, found)
    difference = y - x
    bias, spread = difference.mean(), 1.96 * difference.std(ddof=1) if len(x) > 1 else 0.0
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing(width=4.0, height=4.0)
        _dots(axes, (x + y) / 2, difference)
        levels = {"bias": bias} | ({"+1.96 SD": bias + spread, "−1.96 SD": bias - spread} if spread else {})
        for label, level in levels.items():
            axes.axhline(level, color=PAGE.es if label == "bias" else PAGE.faint, linewidth=1.2)
            axes.annotate(
                f"{label}\n{level:+.1f}".replace("-", "−"),
                (1, level),
                xycoords=("axes fraction", "data"),
                fontsize=9,
                **AT_END,
            )
        axes.margins(y=0.15)
        axes.set(xlabel="mean of both EF (%)", ylabel="found minus true EF (points)")
        return svg(figure)


def event_histogram(errors: Mapping[str, npt.ArrayLike], unit: str = "frames") -> str:
    """How far found ED and ES lie from the true ones, SVG.

    Args:
        errors: signed errors (found minus true) by event, keys "ED" and "ES", float (N,) each.
        unit: "frames" (bars one frame wide) or "ms".

    Raises:
        EchoError: if there is no error to show.
    """
    arrays = {label: np.asarray(values, float) for label, values in errors.items()}
    pooled = np.concatenate([*arrays.values(), np.empty(0)])
    if not len(pooled):
        raise EchoError("no event errors to show: no event was matched")
    reach = max(np.abs(pooled).max(), 1)
    bins = (
        np.arange(-np.ceil(reach) - 0.5, np.ceil(reach) + 1)
        if unit == "frames"
        else np.linspace(-reach, reach, 22)
    )
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing(width=4.0, height=4.0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=unit == "frames"))
        colours = [{"ED": PAGE.ed, "ES": PAGE.es}.get(label, PAGE.line) for label in arrays]
        axes.hist(list(arrays.values()), bins=bins.tolist(), color=colours, label=list(arrays), rwidth=0.86)
        axes.axvline(0, color=PAGE.faint, linewidth=1, linestyle=(0, (4, 3)))
        axes.set(xlabel=f"found minus true ({unit}; negative: early)", ylabel="events")
        axes.legend(loc="upper right")
        return svg(figure)


def _column(rows: Sequence[Mapping[str, Any]], key: str) -> npt.NDArray[np.float64]:
    found = [
        (row["step"], row[key]) for row in rows if row.get("step") is not None and row.get(key) is not None
    ]
    return np.array(found, float).reshape(-1, 2)


def _pairs(
    true: npt.ArrayLike, found: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    x, y = np.asarray(true, float), np.asarray(found, float)
    if x.shape != y.shape or x.ndim != 1 or not len(x):
        raise EchoError(f"EF can be compared for pairs only: {x.shape} true and {y.shape} found values")
    return x, y


def _dots(axes: Axes, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
    crowded = len(x) > 100
    axes.scatter(x, y, s=10 if crowded else 26, color=PAGE.ed, alpha=0.5 if crowded else 0.8, linewidths=0)


def drawing(*, rows: int = 1, width: float = SIZE[0], height: float = SIZE[1]) -> tuple[Figure, list[Axes]]:
    """An empty figure of the page's looks and its `rows` panels; width and height in inches."""
    figure = Figure(figsize=(width, height), facecolor="none", layout="constrained")
    panels = list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
    for axes in panels:
        axes.grid(axis="y", color=PAGE.faint, linewidth=0.6, alpha=0.35)
    return figure, panels


def svg(figure: Figure) -> str:
    """The <svg> element alone, scaling with its column, in the page's own colours."""
    stream = StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    element = text[text.index("<svg") :]
    for colour, name in IN_PAGE.items():
        element = element.replace(colour, name)
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r' id="[A-Za-z0-9.]+_\d+"', "", element)  # a page has many charts, an id is one thing's
    # the page's own typeface, and as wide as its column
    element = re.sub(r"(font:[^;\"']*)'[^;\"]*", r"\1system-ui, sans-serif", element)
    head, rest = element.split(">", 1)
    return re.sub(r' (width|height)="[^"]*"', "", head) + ">" + rest
