"""Seconds per clip of the generators, as ratios to Free-Echo's 64 steps, and how near each comes to `sim`.

Command:  uv run python scripts/bench_synth.py [--clips 16] [--frames 64]

One run, one thread pool as torch chooses it, clips made one at a time, the first not counted.
"""

import argparse
import sys
from collections.abc import Sequence

from generator_scores import EVEN, score

from echodfkd.cli.failures import report
from echodfkd.synth import make_generator
from echodfkd.synth.base import Generator
from echodfkd.teachers import load_teacher

BASELINE = "free-echo, 64 steps from pure noise"
RUNS: dict[str, tuple[str, dict[str, object]]] = {  # what is timed -> generator, options
    BASELINE: ("free-echo", {"start_sigma": 80.0}),
    "free-echo, from its start": ("free-echo", {}),
    "free-echo, 16 steps, DPM-Solver": ("free-echo", {"steps": 16, "solver": "dpm"}),
    "flow, 64 steps": ("flow", {"steps": 64}),
    "flow, 4 steps": ("flow", {"steps": 4}),
    "flow, 1 step": ("flow", {"steps": 1}),
    "echonet-synthetic, 64 steps": ("echonet-synthetic", {}),
    "sim": ("sim", {"fps": 32.0}),
}


def made(name: str, options: dict[str, object], frames: int) -> Generator:
    """A generator on the CPU."""
    device = {} if name == "sim" else {"device": "cpu"}
    return make_generator(name, frames=frames, ef=EVEN, **device, **options)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--seed", type=int, default=31_337)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Time, compare, print; the exit code as of the commands."""
    o = parse(arguments)
    try:
        judge = load_teacher("sim", device="cpu")
        print("| generator | s per clip | times as fast as 64 steps | kernel distance, clips | frames |")
        print("|---|---|---|---|---|")
        slow = None
        for title, (name, options) in RUNS.items():
            one = score(made(name, options, o.frames), judge, o.seed, o.clips, title)
            slow = slow or one.seconds
            figures = f"{one.kernel_clips:.2f} | {one.kernel_frames:.2f}"
            print(f"| {title} | {one.seconds:.2f} | {slow / one.seconds:.1f} | {figures} |", flush=True)
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
