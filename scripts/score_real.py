"""Score models on a folder of real clips: masks against given masks, EF against given EF.

Command:  uv run python scripts/score_real.py FOLDER [--model NAME|PATH ...] [--json FILE]

FOLDER and its sub-folders hold .npz files with `video` uint8 (T, H, W) and `mask` bool (T, H, W) (the LV of
every frame) or `ef` (percent) or both; `fps` and `spacing_mm` are used where they are given. Every clip goes
through what `echodfkd segment` runs. For measuring only: never choose or tune weights by these figures.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from echodfkd.cli.failures import report
from echodfkd.cli.options import DEVICES
from echodfkd.cli.progress import tracker
from echodfkd.clipset_writer import software_versions
from echodfkd.eval.real import EVENTS_FROM, find_clips, score_folder
from echodfkd.eval.real_outputs import Row, summary
from echodfkd.files import write_json
from echodfkd.teachers import load_teacher


def show(result: Row, console: Console) -> None:
    """Print one model's figures: tables on a terminal, plain lines elsewhere."""
    card = result["model"]
    put(console, f"model {card['name']} ({card['claim']}, sha256 {card['sha256'][:8]})")
    for key, over, title in (
        ("clips_with_masks", "over_masks", "masks"),
        ("clips_with_ef", "over_ef", "EF"),
    ):
        if result[key]:
            clips = [{name: v for name, v in row.items() if name != "warnings"} for row in result[key]]
            show_rows(f"{title}, {len(clips)} clips", clips, console)
            show_rows(f"{title}, over clips", over_rows(result[over]), console)
    if result["clips_with_masks"]:
        put(console, f"note: {result['events_from']}")


def over_rows(figures: dict[str, Row]) -> list[Row]:
    """The figures over clips as rows of a table."""
    return [
        {"figure": name, "value": row["value"], "interval_95": span(row["interval_95"]), "unit": row["unit"]}
        | {"n": f"{row['n']} {row['of']}"}
        for name, row in figures.items()
    ]


def span(bounds: Sequence[float] | None) -> str | None:
    """An interval in words."""
    return None if bounds is None else "{:.4g} to {:.4g}".format(*bounds)


def show_rows(title: str, rows: Sequence[Row], console: Console) -> None:
    """Rows of equal keys as a table, or as `key value` pairs line by line."""
    if not console.is_terminal:
        put(console, title)
        for row in rows:
            first, *rest = row.items()
            put(console, f"  {first[1]}: " + ", ".join(f"{k} {cell(v)}".strip() for k, v in rest if v != ""))
        return
    for part in parts(list(rows[0])):
        table = Table(*(name.replace("_", " ") for name in part), title=title, title_justify="left")
        table.columns[0].overflow = "fold"  # the end of a name tells clips apart
        for row in rows:
            table.add_row(*(cell(row[name]) for name in part))
        console.print(table)


def parts(names: Sequence[str]) -> Iterator[list[str]]:
    """Columns that fit a terminal side by side: ED and ES have a table each, with the first column again."""
    first, *rest = names
    events = [[name for name in rest if name.startswith(kind)] for kind in ("ed_", "es_")]
    others = [name for name in rest if not name.startswith(("ed_", "es_"))]
    yield from ([first, *some] for some in (others, *events) if some)


def cell(value: object) -> str:
    """A value as text; a dash where there is none."""
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def put(console: Console, text: str) -> None:
    """One line as it is: no colours for what looks like mark-up, no wrapping."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="holds the .npz clips, sub-folders too")
    parser.add_argument("--model", nargs="+", action="extend", metavar="NAME|PATH", help="default: default")
    parser.add_argument("--reference-events", choices=["mask"], default="mask", help=EVENTS_FROM)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure here")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def judge(folder: Path, models: Iterable[str], device: str = "auto") -> list[Row]:
    """Every model, by name or path, on every clip; raises EchoError for what cannot be judged."""
    segmenters = [load_teacher(name, device=device, kind="model") for name in models]
    paths = find_clips(folder)
    return [summary(one, score_folder(folder, paths, one, tracker(False))) for one in segmenters]


def main(arguments: Sequence[str] | None = None) -> int:
    """Score, print, write; the exit code as of the commands."""
    options = parse(arguments)
    try:
        results = judge(options.folder, options.model or ["default"], options.device)
        for result in results:
            show(result, Console())
        if options.json is not None:
            use = "measuring and research only, not for diagnosis"
            write_json(options.json, {"results": results, "software": software_versions(), "use": use})
    except (Exception, KeyboardInterrupt) as error:
        return report(error, options.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
