"""The area curve with its ED and ES marks, drawn once for video, picture and report."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from echodfkd.segment.result import SegmentResult

OUTLINE = (255, 210, 63)  # RGB of a mask's outline on grey pictures
NOT_FOR_DIAGNOSIS = "Research use only, not for diagnosis"


@dataclass(frozen=True)
class Theme:
    """Colours of a chart; ED and ES keep theirs in every picture (blue and orange: safe for colour-blind)."""

    background: str
    ink: str
    faint: str
    line: str
    ed: str
    es: str


LIGHT = Theme(
    background="#ffffff", ink="#1b2430", faint="#c9d1db", line="#47536b", ed="#1769c2", es="#d1521a"
)
DARK = Theme(background="#10151d", ink="#e8edf4", faint="#3d4a5c", line="#ffd23f", ed="#5cb3ff", es="#ff8f52")


def curve_points(result: SegmentResult) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], str, str]:
    """x, y (both float (T,)) and their axis labels: seconds and cm2 where known, else frames and pixels."""
    frames = np.arange(len(result), dtype=np.float64)
    x, x_label = (frames, "frame") if result.fps is None else (frames / result.fps, "time (s)")
    area = result.area_cm2
    y, y_label = (result.area_px, "LV area (pixels)") if area is None else (area, "LV area (cm²)")
    return x, y, x_label, y_label


def draw_area_curve(axes: Axes, result: SegmentResult, theme: Theme, *, line: str | None = None) -> None:
    """Draw LV area against time with ED and ES marks; `line` replaces the theme's colour of the curve."""
    x, y, x_label, y_label = curve_points(result)
    axes.plot(x, y, color=line or theme.line, linewidth=1.6, zorder=2, marker="o" if len(x) == 1 else None)
    for label, events, colour, shape, side in (
        ("ED", result.ed_frames, theme.ed, "^", 1),
        ("ES", result.es_frames, theme.es, "v", -1),
    ):
        at = list(events)
        axes.plot(x[at], y[at], shape, color=colour, markersize=7, zorder=3, label=label, linestyle="none")
        if len(at) <= 12:  # more labels than that would run into each other
            for index in at:
                axes.annotate(
                    label,
                    (x[index], y[index]),
                    xytext=(0, side * 8),
                    textcoords="offset points",
                    color=colour,
                    ha="center",
                    va="bottom" if side > 0 else "top",
                    fontsize="small",
                    fontweight="bold",
                )
    _dress(axes, theme, x_label, y_label)


def _dress(axes: Axes, theme: Theme, x_label: str, y_label: str) -> None:
    axes.set(xlabel=x_label, ylabel=y_label, facecolor=theme.background)
    axes.margins(x=0.03, y=0.18)
    axes.grid(axis="y", color=theme.faint, linewidth=0.6, alpha=0.6)
    axes.tick_params(colors=theme.ink, length=0)
    axes.xaxis.label.set_color(theme.ink)
    axes.yaxis.label.set_color(theme.ink)
    for side, spine in axes.spines.items():
        spine.set(visible=side == "bottom", color=theme.faint)


def headline(result: SegmentResult) -> str:
    """EF and heart rate in one line, as "EF 58 %   HR 63 /min"; says so where there is none."""
    ef = "EF –" if result.ef is None else f"EF {result.ef:.0f} %"
    rate = "HR –" if result.heart_rate_bpm is None else f"HR {result.heart_rate_bpm:.0f} /min"
    return f"{ef}    {rate}"


def byline(result: SegmentResult) -> str:
    """The model and its claim in one line: which weights, and what data they have seen."""
    return f"model {result.model.name} ({result.model.claim}), EF by {result.ef_method}"
