"""Whether the auxiliary deserves trust: how its scores follow the true Dice, beside judges that see less."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

from echodfkd.eval.auxiliary.trust import RANGES
from echodfkd.eval.auxiliary.verdict import RULE
from echodfkd.eval.report.content import Cell, Chart, Section, Table
from echodfkd.eval.report.plots import PAGE, REFERENCE, STYLE, drawing, svg

TITLE = "Does the judge deserve trust?"
FAMILIES = {  # of `degrade`, by the first word of a name -> legend, colour, marker
    "true": ("true masks", PAGE.line, "*"),
    "model": ("masks of models", PAGE.es, "D"),
    "erode": ("eroded or dilated", PAGE.ed, "o"),
    "dilate": ("eroded or dilated", PAGE.ed, "o"),
    "shift": ("shifted", REFERENCE, "s"),
    "": ("other faults", PAGE.faint, "^"),
}
NAMES = {
    "area alone": "Area alone (sees no picture)",
    "mean shape": "Mean shape (sees no picture)",
    "null: shuffled frames": "The judge, frames shuffled",
    "null: one frame for all": "The judge, one frame for all",
    "null: frames of another clip": "The judge, frames of another clip",
}


def not_validated(name: str, note: str) -> Section:
    """What stands there when nobody asked: how to ask."""
    text = (
        f"{_by(name, note)} was not validated in this run. Add --validate-auxiliary (the clips need exact "
        "masks, such as those of: echodfkd synth DATA --clips 32) to see how far its scores follow the true "
        "Dice of masks that were made worse on purpose. Until then, its scores are no evidence."
    )
    return Section(TITLE, text)


def trust_panel(found: Mapping[str, Any]) -> Section:
    """The sentence, the masks judged, the table of rank correlations; `found`: validation.json's content."""
    about, masks = found["auxiliary"], found["masks"]
    name = about["name"]
    text = (
        f"{found['verdict']} {_by(name, about['note'])}; {found['items']} masks of {found['clips']} clips of "
        f"known Dice were judged: true ones, true ones made worse in known ways, and those of "
        f"{', '.join(found['models'])}."
    )
    scatter = Chart(
        dice_scatter(masks, name),
        "Each mark: the masks of one clip. A judge worth trusting rises from left to right without scatter.",
        f"score of {name} against the true Dice of every mask, by kind of fault",
    )
    strip = Chart(
        fault_strip(masks, name),
        "Each line: one way to make masks worse, the best on top by their true mean Dice (in brackets). A "
        "judge worth trusting moves left from top to bottom.",
        f"scores of {name} by kind of fault, sorted by true Dice",
    )
    return Section(TITLE, text, (scatter, strip, _table(found["judges"], name)))


def _by(name: str, note: str) -> str:
    return f"{name} ({note})" if note else name


def dice_scatter(masks: Sequence[Mapping[str, Any]], name: str) -> str:
    """SVG: a judge's score against the true Dice; `masks` as in validation.json."""
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing(height=3.9)
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for mask in masks:
            groups.setdefault(_family(mask), []).append(mask)
        looks = {legend: (colour, mark) for legend, colour, mark in FAMILIES.values()}
        for legend, (colour, mark) in looks.items():
            x, y = (_column(groups.get(legend, []), key) for key in ("dice", "score"))
            size = {"*": 60, "D": 18}.get(mark, 14)
            axes.scatter(x, y, s=size, c=colour, marker=mark, alpha=0.8, linewidths=0, label=legend)
        axes.set(xlabel="true mean Dice of the masks", ylabel=f"score of {name}")
        figure.legend(loc="outside upper left", ncols=3, fontsize=9, handletextpad=0.2, columnspacing=1)
        return svg(figure)


def fault_strip(masks: Sequence[Mapping[str, Any]], name: str) -> str:
    """SVG: a judge's scores on a line for each fault, their mean a bar; `masks` as in validation.json."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for mask in masks:
        groups.setdefault(mask["what"], []).append(mask)
    order = sorted(groups, key=lambda what: float(np.mean([mask["dice"] for mask in groups[what]])))
    with mpl.rc_context(STYLE):
        figure, (axes,) = drawing(width=4.6, height=0.9 + 0.2 * len(order))
        axes.grid(visible=False)
        for row, what in enumerate(order):
            scores = _column(groups[what], "score")
            colour = next(c for legend, c, _ in FAMILIES.values() if legend == _family(groups[what][0]))
            jitter = np.linspace(-0.25, 0.25, len(scores)) if len(scores) > 1 else np.zeros(1)
            axes.scatter(scores, row + jitter, s=9, c=colour, alpha=0.6, linewidths=0)
            mean = scores[np.isfinite(scores)].mean() if np.isfinite(scores).any() else np.nan
            axes.plot([mean] * 2, [row - 0.38, row + 0.38], color=colour, linewidth=2)
        labels = [f"{what} ({np.mean([m['dice'] for m in groups[what]]):.2f})" for what in order]
        axes.set_yticks(range(len(order)), labels, fontsize=8.5)
        axes.set(xlabel=f"score of {name} (bar: mean)", ylim=(-0.7, len(order) - 0.3))
        return svg(figure)


def _column(masks: Sequence[Mapping[str, Any]], key: str) -> npt.NDArray[np.float64]:
    return np.array([mask[key] for mask in masks], np.float64)  # None becomes NaN, which is not drawn


def _family(mask: Mapping[str, Any]) -> str:
    first = "model" if mask["model"] else mask["what"].split()[0]
    return FAMILIES.get(first, FAMILIES[""])[0]


def _table(judges: Mapping[str, Any], name: str) -> Table:
    rows = tuple(
        (Cell(name if judge == "auxiliary" else NAMES.get(judge, judge)), *(_cell(parts[p]) for p in RANGES))
        for judge, parts in judges.items()
    )
    caption = (
        "Spearman's rank correlation of score and true Dice; below it the 95% interval (200 bootstrap draws "
        f"over clips), Kendall's coefficient, and the number of masks. {RULE}"
    )
    heads = {"all": "All masks", "within clips": "Within clips"}
    columns = tuple(
        heads.get(part, f"Dice {part}" if part[0] == "." else "Models, .80 to .95") for part in RANGES
    )
    return Table(("Judge", *columns), rows, caption)


def _cell(figure: Mapping[str, Any]) -> Cell:
    if figure["spearman"] is None:
        return Cell("–", f"n = {figure['n']}")
    bounds = figure["interval_95"]
    between = "" if bounds is None else f"{bounds[0]:.2f} to {bounds[1]:.2f}, "
    return Cell(f"{figure['spearman']:.2f}", f"{between}Kendall {figure['kendall']:.2f}, n = {figure['n']}")
