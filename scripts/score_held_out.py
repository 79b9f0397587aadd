"""Score models in the simulated worlds that no embedded model learned from, and in the one that they did.

Command:  uv run python scripts/score_held_out.py [--model NAME|PATH ...] [--clips 32] [--json FILE]

The worlds: synth/sim/held_out.py; `trained` is the training style, on clips not trained on. Accuracy
to exact labels, with 95% bootstrap intervals over clips.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from echodfkd.cli.failures import report
from echodfkd.cli.options import DEVICES
from echodfkd.cli.progress import tracker
from echodfkd.eval.figures import figures
from echodfkd.eval.held_out import score_world
from echodfkd.eval.real_outputs import figure_row
from echodfkd.files import write_json
from echodfkd.segmenter import Segmenter
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.held_out import held_out_generators
from echodfkd.teachers import load_teacher

SHOWN = ("dice", "ed_error_frames", "ed_f1", "es_error_frames", "es_f1", "ef_mae", "ef_bias", "ef_slope",
         "ef_coverage")  # fmt: skip


def judge(segmenter: Segmenter, clips: int, seed: int, frames: int, quiet: bool) -> dict[str, Any]:
    """Figures of one model in each world, by the world's name, and over all held-out clips together."""
    worlds = {"trained": SimGenerator(frames=frames), **held_out_generators(frames)}
    scores = {
        name: list(score_world(generator, segmenter, seed, clips, tracker(quiet)))
        for name, generator in worlds.items()
    }
    scores["held out, all"] = [score for name, part in scores.items() if name != "trained" for score in part]
    return {name: {f.name: figure_row(f) for f in figures(part)} for name, part in scores.items()}


def show(name: str, worlds: dict[str, Any]) -> None:
    """Print a line for each world."""
    print(f"model {name}")
    for world, row in worlds.items():
        known = [(key, row[key]["value"]) for key in SHOWN if key in row]
        print(f"  {world}: " + ", ".join(f"{k} {'-' if v is None else format(v, '.3f')}" for k, v in known))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", nargs="+", action="extend", metavar="NAME|PATH", help="default: default")
    parser.add_argument("--clips", type=int, default=32, help="of each world")
    parser.add_argument("--frames", type=int, default=128, help="of each clip, at 50 Hz")
    parser.add_argument("--seed", type=int, default=271828, help="any but those of the training")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure here")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Score, print, write; the exit code as of the commands."""
    o = parse(arguments)
    try:
        results = {}
        for name in o.model or ["default"]:
            segmenter = load_teacher(name, device=o.device, kind="model")
            worlds = judge(segmenter, o.clips, o.seed, o.frames, o.quiet)
            show(name, worlds)
            results[name] = {"sha256": segmenter.digest, "worlds": worlds}
        if o.json is not None:
            write_json(o.json, {"clips": o.clips, "frames": o.frames, "seed": o.seed, "models": results})
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
