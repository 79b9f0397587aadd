"""Markdown of docs/students.md from the results of scripts/students_table.py."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from table_clips import FRESH
from table_learners import OURS, PUBLISHED, asked
from table_scores import Row, added, difference, over_clips, value
from table_speed import size

from echodfkd.errors import EchoError
from echodfkd.files import read_json, write_text
from echodfkd.synth.sim.held_out import HELD_OUT

BEGIN, END = "<!-- students_table.py: begin -->", "<!-- students_table.py: end -->"
HEADING = (
    "student", "parameters", "MMAC a frame", "frames/s torch", "frames/s ONNX", "speed to convlstm-33, ONNX",
    "Dice, fresh clips", "Dice, held-out worlds", "ED error; F1", "ES error; F1", "Dice, real clips", "seeds",
)  # fmt: skip
Scores = dict[str, dict[str, list[Row]]]  # student -> "fresh", "held out" or "real" -> a row a clip


def put_table(folder: Path, page: Path) -> None:
    """Replace what stands between the two marks of a page by the tables of a folder of results.

    Raises:
        EchoError: if the page lacks a mark, or the folder has no speeds.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise EchoError(f"{page} has no lines {BEGIN} and {END} to put the table between")
    write_text(page, f"{before}{BEGIN}\n{tables(folder)}\n{END}{after}")


def tables(folder: Path) -> str:
    """All tables of a folder of results."""
    if not (folder / "speed.json").is_file():
        raise EchoError(f"{folder} has no speed.json: run with --speed first")
    speed = read_json(folder / "speed.json")
    runs = [read_json(path) for path in sorted((folder / "scores").glob("*.json"))]
    names = list(dict.fromkeys([*OURS, *PUBLISHED, *(run["student"] for run in runs)]))
    scores = {name: joined(folder, [run for run in runs if run["student"] == name]) for name in names}
    seeds = {name: sum(run["student"] == name for run in runs) for name in names}
    lines = [row(name, speed["students"].get(name), scores[name], seeds[name]) for name in names]
    timed = (
        f"Timed in {speed['rounds']} rounds at a load average of {speed['load']:g} on a machine of "
        f"{speed['cores']} cores."
    )
    return "\n\n".join([markdown(HEADING, lines), timed, pairs(scores)])


def joined(folder: Path, runs: Sequence[dict[str, Any]]) -> dict[str, list[Row]]:
    """Rows of one student, its seeds added up."""
    if not runs:
        return {}
    real = [folder / "real" / f"{run['student']}-{run['seed']}.json" for run in runs]
    parts = {
        "fresh": [run["worlds"][FRESH] for run in runs],
        "held out": [[one for world in HELD_OUT for one in run["worlds"][world]] for run in runs],
        "real": [read_json(path)["rows"] for path in real if path.is_file()],
    }
    return {name: added(part) for name, part in parts.items() if part}


def row(name: str, speed: dict[str, Any] | None, scores: dict[str, list[Row]], seeds: int) -> list[str]:
    """Cells of one student; a dash where nothing is known."""
    parameters, macs = size(asked(name)[0])
    rates = ["-"] * 3
    if speed is not None:
        rates = [f"{speed[way]['frames_per_second']:.0f}" for way in ("torch", "onnx")]
        rates.append("{:.1f} [{:.1f}, {:.1f}]".format(speed["onnx"]["ratio"], *speed["onnx"]["ratio_range"]))
    events = [event(scores.get("held out"), kind) for kind in ("ed", "es")]
    return [
        f"`{name}`", f"{parameters:,}", f"{macs / 1e6:.0f}", *rates,
        dice(scores.get("fresh")), dice(scores.get("held out")), *events, dice(scores.get("real")),
        str(seeds or "-"),
    ]  # fmt: skip


def dice(rows: Sequence[Row] | None) -> str:
    """Dice to the teacher with its interval."""
    return "-" if rows is None else figure(value(rows, "agreement"), over_clips(rows, "agreement"), 3)


def event(rows: Sequence[Row] | None, kind: str) -> str:
    """Error in frames with its interval, and F1."""
    if rows is None:
        return "-"
    error = figure(value(rows, f"{kind}_error"), over_clips(rows, f"{kind}_error"), 1)
    return f"{error}; {number(value(rows, f'{kind}_f1'), 3)}"


def pairs(scores: Scores) -> str:
    """Our students less each of the published ones, Dice to the teacher, paired over clips."""
    theirs = [name for name, some in scores.items() if some and name.startswith("convlstm")]
    heading = ["less"] + [f"`{name}`, {part}" for part in ("fresh", "held out", "real") for name in OURS]
    lines = [[f"`{name}`", *(gap(scores, ours, name, part) for part in ("fresh", "held out", "real")
              for ours in OURS)] for name in theirs]  # fmt: skip
    return markdown(heading, lines)


def gap(scores: Scores, ours: str, theirs: str, part: str) -> str:
    """One cell of that table."""
    a, b = scores.get(ours, {}).get(part), scores[theirs].get(part)
    return "-" if a is None or b is None else figure(*difference(a, b, "agreement"), 3, sign="+")


def markdown(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (heading, ["---"] * len(heading), *lines))


def figure(middle: float, bounds: tuple[float, float] | None, digits: int, sign: str = "") -> str:
    """A number with its interval."""
    if bounds is None:
        return number(middle, digits, sign)
    return f"{number(middle, digits, sign)} [{', '.join(number(b, digits, sign) for b in bounds)}]"


def number(x: float, digits: int, sign: str = "") -> str:
    """Rounded; what lies between -1 and 1 by nature is written without its zero.

    >>> number(0.9312, 3), number(-0.0104, 3, "+"), number(float("nan"), 1), number(0.64, 1)
    ('.931', '-.010', '-', '0.6')
    """
    if x != x:
        return "-"
    text = f"{x:{sign}.{digits}f}"
    return text.replace("0.", ".", 1) if digits > 1 and abs(x) < 1 else text
