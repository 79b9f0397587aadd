"""What a report holds: sections of texts, tables, charts and pictures. `sections` builds the usual ones."""

from dataclasses import dataclass, field
from typing import ClassVar

NOT_FOR_DIAGNOSIS = "Research use only, not for diagnosis."


@dataclass(frozen=True)
class Fact:
    """A figure worth a tile at the top: "EF", "58 %", "by the method of disks over 3 beats"."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """An inline SVG from `plots`; `alt` says in words what it shows."""

    kind: ClassVar[str] = "chart"
    svg: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Picture:
    """A picture as data URI, moving or still; `still` replaces a moving one where motion is unwanted."""

    kind: ClassVar[str] = "picture"
    source: str
    caption: str
    alt: str
    still: str = ""


@dataclass(frozen=True)
class Loop:
    """A moving picture over its chart, under a heading; loops stand side by side if they fit."""

    kind: ClassVar[str] = "loop"
    title: str
    picture: Picture
    chart: Chart


@dataclass(frozen=True)
class Cell:
    """A cell of a table: a text and, smaller, what belongs to it (an interval, a definition)."""

    text: str
    small: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells under column heads; the first cell of each row names it."""

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells under {len(self.columns)} column heads")


Block = Chart | Picture | Loop | Table


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph in plain words, and blocks; charts in a row stand side by side if they fit.

    A `folded` one shows its heading until it is opened, or printed.
    """

    title: str
    text: str = ""
    blocks: tuple[Block, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class Report:
    """A whole page.

    Args:
        title: the page's heading. lead: what was done and found, in plain words for a cardiologist.
        facts: the few figures that matter most. sections: in reading order.
        made: date and version for the foot of the page; empty leaves it out (and the page deterministic).
    """

    title: str
    lead: str
    sections: tuple[Section, ...]
    facts: tuple[Fact, ...] = ()
    made: str = ""
    warning: str = field(default=NOT_FOR_DIAGNOSIS, init=False)


@dataclass(frozen=True)
class Score:
    """One figure of one comparison, with its 95% interval and how it was computed.

    Args:
        metric: row of the score table ("Dice per image"). comparison: its column ("student, exact labels").
        value: the figure; None when it could not be had. low, high: 95% interval, None without one.
        n: over how many clips, images or beats. unit: behind the figure, as "frames" or "%".
        definition: one line on how the figure was computed; the same for all scores of a metric.
        digits: behind the decimal point.
    """

    metric: str
    comparison: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    unit: str = ""
    definition: str = ""
    digits: int = 3
