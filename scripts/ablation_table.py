"""The table of docs/results.md that many runs of scripts/ablate.py make."""

from collections.abc import Iterator, Sequence
from typing import Any

from ablations import ABLATIONS

from echodfkd.errors import EchoError
from echodfkd.synth.sim.held_out import HELD_OUT

Row = dict[str, Any]

COLUMNS = (  # heading, where in a row, figure, digits
    ("Dice", "held_out", "all", "dice_clip", 3),
    *((world, "held_out", world, "dice_clip", 3) for world in HELD_OUT),
    ("area r", "held_out", "all", "area_correlation", 3),
    ("EF error", "held_out", "all", "ef_mae", 1),
    ("EF bias", "held_out", "all", "ef_bias", 1),
    ("EF slope", "held_out", "all", "ef_slope", 2),
    ("without EF", "held_out", "all", "ef_missing", 2),
)
REAL_COLUMNS = (
    ("real Dice", "real", None, "dice_clip", 3),
    ("real area r", "real", None, "area_correlation", 3),
    ("real EF error", "real", None, "ef_mae", 1),
    ("real EF slope", "real", None, "ef_slope", 2),
)


def table(rows: Sequence[Row]) -> str:
    """Markdown for docs/results.md: a line for each ablation, mean over its seeds [smallest, largest].

    Raises:
        EchoError: if the rows are of different budgets, or one ablation has a seed twice.
    """
    if any(row["budget"] != rows[0]["budget"] for row in rows):
        raise EchoError(f"runs of different budgets do not compare: {_each(row['budget'] for row in rows)}")
    runs = [(row["ablation"], row["seed"]) for row in rows]
    twice = [f"{name} with seed {seed}" for name, seed in dict.fromkeys(runs) if runs.count((name, seed)) > 1]
    if twice:
        raise EchoError(f"run twice: {', '.join(twice)}")
    columns = COLUMNS + (REAL_COLUMNS if any(row["real"] for row in rows) else ())
    lines = [["taken away", "seeds", *(column[0] for column in columns)]]
    lines.append(["---"] * len(lines[0]))
    for name in ABLATIONS:
        same = [row for row in rows if row["ablation"] == name]
        seeds = ", ".join(map(str, sorted(row["seed"] for row in same)))
        lines += [[name, seeds, *(cell(same, *column[1:]) for column in columns)]] if same else []
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _each(values: Iterator[object]) -> str:
    return "; ".join(dict.fromkeys(map(str, values)))


def cell(rows: Sequence[Row], part: str, world: str | None, name: str, digits: int) -> str:
    """Mean of a figure over rows [smallest, largest]; a dash where none has it."""
    parts = [(row[part][world] if world else row[part]) or {} for row in rows]
    values = [value for each in parts if (value := each.get(name)) is not None]
    if not values:
        return "-"
    mean, low, high = (number(v, digits) for v in (sum(values) / len(values), min(values), max(values)))
    return mean if len(values) == 1 else f"{mean} [{low}, {high}]"


def number(value: float, digits: int) -> str:
    """Rounded; what lies between -1 and 1 by nature is written without its zero, as in the other tables.

    >>> number(0.8861, 3), number(-0.64, 1)
    ('.886', '-0.6')
    """
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if digits > 1 and abs(value) < 1 and text[-digits - 2] == "0" else text
