"""Ablations: train the default student with one thing taken away, then judge it on the held-out worlds.

Command:  uv run python scripts/ablate.py NAME --steps 800 --seed 1 --output FILE.json [--real FOLDER]
          uv run python scripts/ablate.py --table FILE.json ...

NAME is one of `ABLATIONS`. A run trains on exact masks for a small, fixed budget: its figures compare with
those of other runs of equal length, not with those of the embedded models. The clips that judge are drawn
before anything is taken away, so they are the same for all. A training clip keeps every draw but what is
taken away. Real clips (see scripts/score_real.py) are reported only: never choose by them.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from echodfkd.cli.failures import report
from echodfkd.cli.progress import tracker
from echodfkd.clip import Clip
from echodfkd.clipset_writer import software_versions
from echodfkd.distill import loop
from echodfkd.distill.augment import ClipAugment
from echodfkd.distill.data import GeneratorExamples, loader
from echodfkd.errors import EchoError
from echodfkd.eval.area import area_correlation, area_ratio
from echodfkd.eval.real import RealScore, find_clips, score_folder
from echodfkd.eval.real_figures import EF_METRICS, MASK_METRICS
from echodfkd.eval.real_outputs import known
from echodfkd.eval.score import labels_of, predict, score_clip
from echodfkd.files import read_json, write_json
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Segmenter
from echodfkd.students import context
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.students.shift import WholeClip
from echodfkd.synth import mixture
from echodfkd.synth.sim import anatomy, rhythm, scanner, scene
from echodfkd.synth.sim.anatomy import Anatomy, Array
from echodfkd.synth.sim.brightness import Echo
from echodfkd.synth.sim.held_out import HELD_OUT, held_out_generators
from echodfkd.synth.sim.scanner import Geometry, Style

Rng = np.random.Generator
Row = dict[str, Any]
Taken = AbstractContextManager[None]  # while it lasts, something is taken away

SIZE, FRAMES = 112, 8  # of a training clip
JUDGE_SEED, JUDGE_FPS = 99, 25.0
# A forked worker inherits what is taken away; a spawned one would import everything afresh.
WORKERS = 1 if multiprocessing.get_start_method() == "fork" else 0


# What can be taken away. All of it is done by these helpers and undone when the block ends.


@contextmanager
def swapped(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Put `value` in the place of an attribute of a module or class."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def redrawn(owner: Any, name: str, change: Callable[[Any, Rng], Any]) -> Taken:
    """Pass what the function `owner.name(rng, ...)` draws through `change`.

    `change` has random numbers of its own: all that is drawn later stays as it was.
    """
    draw = getattr(owner, name)
    return swapped(owner, name, lambda rng, *rest: change(draw(rng, *rest), rng.spawn(1)[0]))


@contextmanager
def all_of(*parts: Taken) -> Iterator[None]:
    """Several at once."""
    with ExitStack() as stack:
        for part in parts:
            stack.enter_context(part)
        yield


def literature() -> Taken:
    """Only ranges that need no look at a real clip."""

    def heart(drawn: Anatomy, rng: Rng) -> Anatomy:
        to_mean = rng.uniform(1, 3) / np.mean(drawn.trabeculae)  # mm, mean over the three sides
        septum, apex, lateral = (float(to_mean * side) for side in drawn.trabeculae)
        return replace(drawn, trabeculae=(septum, apex, lateral))

    def echo(drawn: Echo, rng: Rng) -> Echo:
        layer = {"trabeculae": -3.0, "fade": 0.0}
        bright = {"atria": 0.0, "right_heart": 0.0, "lateral": 0.0}  # all walls like the septum
        lines = {"border": 3.0, "annulus": 6.0, "pericardium": 8.0, "lung": -30.0}
        return replace(drawn, blood=rng.uniform(-60, -40), **layer, **bright, **lines)

    def style(drawn: Style, rng: Rng) -> Style:
        return replace(drawn, gain=rng.uniform(-29, -13), clutter=-34.0, decorations=False)

    return all_of(
        redrawn(anatomy, "sample_anatomy", heart),
        redrawn(scene, "sample_echo", echo),
        redrawn(scanner, "sample_style", style),
    )


def no_haze() -> Taken:
    """No clutter, and a gain that is the same everywhere: no error with depth, ripple or shadow."""
    gain_map = scanner.gain_map

    def flat(style: Style, geometry: Geometry, rng: Rng) -> Array:
        return np.full_like(gain_map(style, geometry, rng), style.gain)

    clear = redrawn(scanner, "sample_style", lambda style, _: replace(style, clutter=-60.0))
    return all_of(clear, swapped(scanner, "gain_map", flat))


def no_layer() -> Taken:
    """The trabecular layer between traced contour and compact wall hardly there: .1 mm."""
    return redrawn(anatomy, "sample_anatomy", lambda heart, _: replace(heart, trabeculae=(0.1, 0.1, 0.1)))


def one_rhythm() -> Taken:
    """Sinus rhythm at 70 per minute in hearts that contract evenly and do not rock."""

    def steady(rng: Rng, seconds: float) -> rhythm.Cycle:
        rhythm.sample_cycle(rng, seconds)  # takes from `rng` what it takes elsewhere
        return rhythm.sample_cycle(rng.spawn(1)[0], seconds, rate=70.0, rhythm="sinus")

    even = redrawn(scene, "sample_motion", lambda drawn, _: replace(drawn, segments=(), rock=0.0, lag=0.0))
    return all_of(even, swapped(scene, "sample_cycle", steady))


def no_context() -> Taken:
    """The network sees the frame itself in place of its clip's mean, and a spread of zero."""
    views = context.views

    def alone(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return views(x, x, torch.zeros_like(variance))

    return swapped(context, "views", alone)


ABLATIONS: dict[str, Callable[[], Taken]] = {
    "nothing": nullcontext,
    "literature": literature,
    "no-tissues": lambda: swapped(loop, "TISSUE_WEIGHT", 0.0),
    "no-shift": lambda: swapped(WholeClip, "shift", lambda self, x: x),
    "no-context": no_context,
    "no-haze": no_haze,
    "no-layer": no_layer,
    "one-rhythm": one_rhythm,
    "four-chamber-only": lambda: swapped(mixture, "view_of", lambda index: "a4c"),
    "no-augment": lambda: swapped(ClipAugment, "forward", lambda self, frames, target: (frames, target)),
}


# One run.


def run(name: str, recipe: loop.Recipe, clips: int, frames: int, real: Path | None = None) -> Row:
    """Train with one thing taken away and judge on `clips` clips of `frames` frames of each held-out world.

    Raises:
        EchoError: if `real` is no folder of clips that can be judged; before anything is trained.
    """
    paths = find_clips(real) if real else []
    worlds = held_out_generators(frames, JUDGE_FPS).items()
    judges = {world: [maker.clip(JUDGE_SEED, i) for i in range(clips)] for world, maker in worlds}
    begun = time.perf_counter()
    with ABLATIONS[name]():
        model = train(recipe, name)
        seconds = time.perf_counter() - begun
        scores = {world: [score(clip, model) for clip in judge] for world, judge in judges.items()}
        seen = score_folder(real, paths, model) if real else []
    scores["all"] = [one for world in HELD_OUT for one in scores[world]]
    budget = {"steps": recipe.steps, "batch": recipe.batch, "clips": clips, "frames": frames}
    return {
        "ablation": name,
        "seed": recipe.seed,
        "budget": budget,
        "training_seconds": round(seconds, 1),
        "held_out": {world: figures(some) for world, some in scores.items()},
        "real": figures(seen) if real else None,
        "software": software_versions(),
    }


def train(recipe: loop.Recipe, name: str) -> Segmenter:
    """The averaged weights of a fresh student after a recipe, on exact masks."""
    torch.manual_seed(recipe.seed)
    trainer = loop.Trainer(build_network("default"), recipe, torch.device("cpu"), None)
    makers, count = mixture.training_mixture(FRAMES), recipe.steps * recipe.batch
    examples = GeneratorExamples(makers, recipe.seed, count, SIZE, exact=True, tissues=True)
    batches = loader(examples, 0, recipe.batch, recipe.workers)
    for batch in tracker(False)(batches, f"training, taken away: {name}", recipe.steps):
        trainer.learn(*batch)
    card = {"claim": "real-free", "convention": "echonet", "size": SIZE}
    return TorchSegmenter(trainer.average.module, card, name, digest="not saved", device="cpu")


def score(clip: Clip, model: Segmenter) -> RealScore:
    """How a model did on a held-out clip."""
    predicted, truth = predict(clip, model), labels_of(clip)
    area, true_area = lv_masks(predicted.prob).sum((1, 2)), truth.mask.sum((1, 2))
    judged = score_clip(clip, predicted, truth)
    r, ratio = area_correlation(area, true_area), area_ratio(area, true_area)
    return RealScore(**vars(judged), area_correlation=r, area_ratio=ratio)


def figures(scores: Sequence[RealScore]) -> dict[str, float | None]:
    """Every figure over clips by its name; null where it is not defined."""
    masks, efs = [one for one in scores if one.has_masks], [one for one in scores if one.has_ef]
    judged = ((masks, MASK_METRICS), (efs, EF_METRICS))
    return {m.name: known(m.statistic(some), 5) for some, metrics in judged if some for m in metrics}


# The table of many runs.

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
        seeds = ", ".join(sorted(str(row["seed"]) for row in same))
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


def read_row(path: Path) -> Row:
    """A row that a run wrote; raises EchoError for any other file."""
    row = read_json(path)
    if not isinstance(row, dict) or row.get("ablation") not in ABLATIONS:
        raise EchoError(f"{path} was not written by a run of this script")
    return row


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("name", nargs="?", choices=ABLATIONS, help="what to take away")
    parser.add_argument("--steps", type=int, default=800, help="of training")
    parser.add_argument("--seed", type=int, default=1, help="of weights, clips and augmentation")
    parser.add_argument("--clips", type=int, default=8, help="of each held-out world that judge")
    parser.add_argument("--frames", type=int, default=64, help="of each of these, at 25 Hz")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="also report figures on these clips")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the row of this run here")
    parser.add_argument("--threads", type=int, default=1, help="of the training process")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="print rows as one table")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(arguments)
    if not options.table and not (options.name and options.output):
        parser.error("give a NAME and --output FILE to train, or --table FILE ...")
    if min(options.steps, options.clips, options.frames, options.threads) < 1:
        parser.error("--steps, --clips, --frames and --threads must be 1 or more")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and write one row, or print the table; the exit code as of the commands."""
    options = parse(arguments)
    try:
        if options.table:
            print(table([read_row(path) for path in options.table]))
            return 0
        torch.set_num_threads(options.threads)
        cv2.setNumThreads(1)  # a forked worker may hang on the threads that OpenCV has by then
        recipe = loop.Recipe(steps=options.steps, batch=4, seed=options.seed, workers=WORKERS)
        write_json(options.output, run(options.name, recipe, options.clips, options.frames, options.real))
    except (Exception, KeyboardInterrupt) as error:
        return report(error, options.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
