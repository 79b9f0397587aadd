"""Sweep of the noise that Free-Echo lays on a pseudo-video: how well masks are kept, how near clips come.

Command:  uv run python scripts/sweep_start.py [--weights DIR] [--sigma 1 2 4 8 16 ...] [--plot FILE]

Agreement is the embedded teacher's Dice to the prescribed masks, over all frames; distances are those of
docs/fidelity.md to clips of `sim`. The row `pseudo-video` is what sampling starts from, noise apart.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from generator_scores import EVEN, HEAD, Score, judged, row, score

from echodfkd.cli.failures import report
from echodfkd.clip import Clip
from echodfkd.files import atomic_path
from echodfkd.synth.diffusion.codec import to_frames
from echodfkd.synth.free_echo.generator import FreeEchoGenerator
from echodfkd.synth.free_echo.parts import STEPS
from echodfkd.teachers import load_teacher

SIGMAS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


def pseudo(generator: FreeEchoGenerator, seed: int, index: int) -> Clip:
    """The pseudo-video of a clip, as a clip."""
    video = generator.masks(seed, index)
    frames = to_frames(generator.pseudo(video))
    return Clip(frames, generator.fps, f"pseudo-{index}", mask=video.mask, sector=video.cone, ef=video.ef)


def plot(scores: dict[float, Score], path: Path) -> None:
    """Agreement against distance, a point for each sigma."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 3.6), layout="constrained")
    points = [(one.kernel_clips, float(np.mean(one.dice))) for one in scores.values()]
    axes.plot(*zip(*points, strict=True), "o-")
    for sigma, point in zip(scores, points, strict=True):
        axes.annotate(f"$\\sigma$ {sigma:g}", point, textcoords="offset points", xytext=(5, 5))
    axes.set(xlabel="kernel distance of clips to sim", ylabel="agreement with the masks (Dice)")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--weights", help="folder of free-echo's weights, if not the embedded ones")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--sigma", type=float, nargs="+", default=SIGMAS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=31_337)
    parser.add_argument("--plot", type=Path, metavar="FILE")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep, print, plot; the exit code as of the commands."""
    o = parse(arguments)
    try:
        judge, scores = load_teacher("sim", device="cpu"), {}

        def generator(sigma: float) -> FreeEchoGenerator:
            return FreeEchoGenerator(
                frames=o.frames, ef=EVEN, weights=o.weights, start_sigma=sigma, steps=o.steps, device="cpu"
            )

        print(HEAD)
        begun = [pseudo(generator(1.0), o.seed, index) for index in range(o.clips)]
        print(row(judged(begun, judge, "pseudo-video", 0.0)), flush=True)
        for sigma in o.sigma:
            scores[sigma] = score(generator(sigma), judge, o.seed, o.clips, f"start at sigma {sigma:g}")
            print(row(scores[sigma]), flush=True)
        if o.plot is not None:
            plot(scores, o.plot)
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
