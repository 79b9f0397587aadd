"""Score generators: agreement with their masks, EF asked against EF measured, distance to `sim`, seconds.

Command:  uv run python scripts/score_generators.py [--generator NAME[=WEIGHTS] ...] [--clips 32]

The judge is the embedded teacher; EF is measured on its masks by the method of disks. The EFs asked for lie
evenly between 15 and 75 percent. The first row is `sim` beside other clips of its own.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from generator_scores import EVEN, HEAD, drawn, judged, row

from echodfkd.cli.failures import report
from echodfkd.files import atomic_path
from echodfkd.synth import make_generator
from echodfkd.synth.base import Generator
from echodfkd.teachers import load_teacher

SHOWN, STILLS = 4, 8  # clips of a contact sheet, and frames of each


def made(name: str, frames: int, fps: float, steps: int | None) -> Generator:
    """The generator that NAME or NAME=WEIGHTS means."""
    plain, _, weights = name.partition("=")
    options: dict[str, object] = {"frames": frames, "ef": EVEN}
    if plain == "sim":
        return make_generator(plain, fps=fps, **options)
    options |= {"device": "cpu"}
    options |= {"weights": weights} if weights else {}
    options |= {"steps": steps} if steps else {}
    return make_generator(plain, **options)


def sheet(clips: Sequence[np.ndarray]) -> np.ndarray:
    """Frames of some clips, a clip in each row."""
    rows = []
    for frames in clips[:SHOWN]:
        picks = np.linspace(0, min(len(frames), 32) - 1, STILLS).round().astype(int)
        rows.append(np.hstack(list(frames[picks])))
    return np.vstack(rows)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--generator", nargs="+", action="extend", metavar="NAME[=WEIGHTS]")
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--fps", type=float, default=32.0, help="of `sim`; the others have their own")
    parser.add_argument("--steps", type=int, help="of the networks' sampling")
    parser.add_argument("--seed", type=int, default=31_337)
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="also write a contact sheet of each")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, judge, print; the exit code as of the commands."""
    o = parse(arguments)
    try:
        judge = load_teacher("sim", device="cpu")
        print(HEAD)
        for name in ["sim", *(o.generator or ["free-echo", "echonet-synthetic", "flow"])]:
            seconds: list[float] = []
            clips = list(drawn(made(name, o.frames, o.fps, o.steps), o.seed, o.clips, seconds))
            plain = name.partition("=")[0]
            print(row(judged(clips, judge, plain, float(np.median(seconds)))), flush=True)
            if o.sheets is not None:
                with atomic_path(o.sheets / f"{plain.replace(':', '-')}.png") as path:
                    cv2.imwrite(str(path), sheet([clip.frames for clip in clips]))
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
