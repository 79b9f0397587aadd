"""What sets of stills teach: classifiers of view and of phase (ED, ES), a segmenter where there are masks.

Command:  uv run python scripts/score_stills.py text=TEXT_SET classes=CLASS_SET --output RUN [--real DIR]

DiffEcho's downstream tasks (arXiv 2403.19880): networks that learn from one set alone are judged on stills of
`sim` at ED and ES, in both views, that nothing learned from. The row "sim" learns from others of these.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from diffusion_table import table

from echodfkd.cli.failures import report
from echodfkd.cli.options import DEVICES
from echodfkd.cli.progress import tracker
from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import UsageError
from echodfkd.eval.stills import Learning, Stills, stills_of, taught
from echodfkd.files import write_json, write_text
from echodfkd.synth.diffecho.source import sim_stills

HELD_OUT, ANOTHER = 662_607, 299_792  # seeds of the stills that judge, and of the row "sim"
SIM = "sim"


def loaded(path: Path, size: int) -> Stills:
    """The stills of a set on disk."""
    data = ClipSet.open(path)
    return stills_of((data.load(record) for record in data.records), size)


def drawn(seed: int, count: int, size: int) -> Iterator[Clip]:
    """Stills of `sim`, of each view and phase in turn."""
    source = sim_stills(SIM, size)
    return (source.clip(seed, index) for index in range(count))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sets", nargs="+", metavar="NAME=DIR", help="sets of stills")
    parser.add_argument("--output", type=Path, required=True, help="folder for figures.json and table.md")
    parser.add_argument("--size", type=int, default=112, help="side in pixels that networks see")
    parser.add_argument("--judged", type=int, default=200, help="stills of `sim` that judge")
    parser.add_argument("--learning", type=int, default=400, help="steps of each network")
    parser.add_argument("--seeds", type=int, default=1, help="times that each network is trained")
    parser.add_argument("--real", type=Path, metavar="DIR", help="A4C clips: how many are recognised")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn, judge, write the table; the exit code as of the commands."""
    o = parse(arguments)
    try:
        named = dict(one.partition("=")[::2] for one in o.sets)
        if not all(named.values()) or len(named) < len(o.sets) or SIM in named:
            raise UsageError(f"sets are NAME=DIR, each with a name of its own that is not {SIM!r}")
        sets = {name: loaded(Path(path), o.size) for name, path in named.items()}
        judges, track = stills_of(drawn(HELD_OUT, o.judged, o.size), o.size), tracker(o.quiet)
        most = max(len(stills.frames) for stills in sets.values())
        sets[SIM] = stills_of(drawn(ANOTHER, most, o.size), o.size)
        real = None if o.real is None else loaded(o.real, o.size)
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in sets}
        for seed in range(o.seeds):
            for name, stills in sets.items():
                learning = Learning(o.learning, seed=seed, device=o.device)
                rows[name].append(taught(stills, judges, learning, real, track))
        write_json(o.output / "figures.json", rows)
        write_text(o.output / "table.md", "\n".join(table(rows)) + "\n")
        print("\n".join(table(rows)))
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
