"""What the figures of `eval --fidelity` say of sets that are known to be alike or damaged, as a table.

Command:  uv run python scripts/fidelity_table.py [--clips 32] [--features NAME|PATH] [--json FILE]

The reference are clips of `sim` (preset echonet); beside it: another seed of the same, the preset camus, that
other seed blurred, frozen at its first frame and with noise, and altered copies of the reference itself.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from echodfkd.cli.failures import report
from echodfkd.cli.options import DEVICES
from echodfkd.cli.progress import tracker
from echodfkd.clip import Clip, Frames
from echodfkd.eval.fidelity.compare import Comparison, compared
from echodfkd.eval.fidelity.describe import describe
from echodfkd.eval.fidelity.features import load_features
from echodfkd.eval.fidelity.look import FRAMES, Look
from echodfkd.eval.fidelity.outputs import entry
from echodfkd.files import write_json
from echodfkd.synth.privacy.copies import COPIES, altered_copy
from echodfkd.synth.privacy.gallery import evenly
from echodfkd.synth.sim.generator import SimGenerator

REFERENCE, OTHER = 1_618_033, 2_718_281  # seeds that nothing else uses
BLUR, NOISE = 1.5, 12.0  # pixels of 112; grey levels


def blurred(frames: Frames) -> Frames:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), BLUR) for frame in frames]).astype(np.uint8)


def frozen(frames: Frames) -> Frames:
    return np.repeat(frames[:1], len(frames), axis=0)


def noisy(frames: Frames) -> Frames:
    noise = np.random.default_rng(0).normal(0, NOISE, frames.shape) * (frames > 2)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)


def altered(frames: Frames) -> Frames:
    """Otherwise than the copies that set the threshold: by other draws."""
    return altered_copy(frames, np.random.default_rng(REFERENCE))


def same(frames: Frames) -> Frames:
    return frames


SETS: dict[str, tuple[str, int, Callable[[Frames], Frames]]] = {  # name -> preset, seed, what is done to it
    "another seed": ("echonet", OTHER, same),
    "camus": ("camus", OTHER, same),
    "blurred": ("echonet", OTHER, blurred),
    "frozen": ("echonet", OTHER, frozen),
    "noisy": ("echonet", OTHER, noisy),
    "copies": ("echonet", REFERENCE, altered),
}


def clips(preset: str, seed: int, change: Callable[[Frames], Frames], count: int) -> Iterator[Clip]:
    generator = SimGenerator(frames=FRAMES, preset=preset)
    for index in range(count):
        clip = generator.clip(seed, index)
        yield Clip(change(clip.frames), fps=clip.fps, name=clip.name)


def table(found: dict[str, Comparison]) -> Iterator[str]:
    """Markdown: a row for each figure, a column for each set."""
    first = next(iter(found.values()))
    yield "| | two halves | " + " | ".join(found) + " |"
    yield "|---" * (len(found) + 2) + "|"
    for figure in first.figures:
        if not figure.detail or figure.name.startswith("speckle_"):
            floor = first.floor_of(figure.name)
            cells = ["-" if floor is None else f"{floor.value:.2f}"]
            cells += [f"{one.value(figure.name):.2f}" for one in found.values()]
            yield f"| {figure.title} | " + " | ".join(cells) + " |"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--clips", type=int, default=32, help="of each set")
    parser.add_argument("--features", default="sim", metavar="NAME|PATH", help="as of `eval --features`")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure here")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Describe, compare, print, write; the exit code as of the commands."""
    o = parse(arguments)
    try:
        features, look, track = load_features(o.features, o.device), Look(50.0, 112), tracker(o.quiet)

        def seen(name: str, preset: str, seed: int, change: Callable[[Frames], Frames]) -> Iterator[Clip]:
            return track(clips(preset, seed, change, o.clips), f"describing {name}", o.clips)

        originals, copied = seen("reference", "echonet", REFERENCE, same), evenly(o.clips, COPIES).tolist()
        reference = describe("reference", originals, features, look, copied)
        found = {
            name: compared(describe(name, seen(name, *how), features, look), reference, features)
            for name, how in SETS.items()
        }
        print("\n".join(table(found)))
        if o.json is not None:
            write_json(o.json, {name: entry(one) for name, one in found.items()})
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
