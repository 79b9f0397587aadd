"""How each figure was computed, and what it takes to make them again: the folded end of the page."""

from collections.abc import Iterable, Mapping
from typing import Any

from echodfkd.eval.metric import DRAWS, Figure
from echodfkd.eval.report import sections
from echodfkd.eval.report.content import Cell, Section, Table

INTERVAL = (
    f"Every 95% interval is a percentile bootstrap over whole clips ({DRAWS} draws, seed 0; Efron 1979): "
    "clips are drawn with replacement and the figure is computed anew, so that the frames of a clip stay "
    "together. It says how far a figure would move with other clips of the same kind; one clip has none. "
    "Closeness to a teacher or an auxiliary is agreement; only labels by people, or exact ones, make it "
    "accuracy."
)


def how_computed(figures: Iterable[Figure]) -> Section:
    """A row for each figure: how it was computed and on how many things it rests in the first result."""
    named: dict[str, Figure] = {}
    for figure in figures:
        named.setdefault(f"{figure.title}|{figure.definition}", figure)
    rows = tuple(
        (Cell(one.title, one.unit), Cell(one.definition), Cell(f"{one.n:,} {one.of}"))
        for one in named.values()
    )
    table = Table(("Figure", "How", "Rests on"), rows)
    return Section("How each figure was computed", INTERVAL, (table,), folded=True)


def made_by(entries: Mapping[str, Any]) -> Section:
    """The manifest: command, seed, data, models with their hashes, versions."""
    text = "What it takes to make these figures again."
    found = sections.manifest(entries, text)
    return Section("Manifest", found.text, found.blocks, folded=True)
