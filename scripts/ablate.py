"""Ablations: train the default student with one thing taken away, then judge it on the held-out worlds.

Command:  uv run python scripts/ablate.py NAME --steps 800 --seed 1 --output FILE.json [--real FOLDER]
          uv run python scripts/ablate.py --table FILE.json ...

NAME is one of `ABLATIONS` in scripts/ablations.py. A run trains on exact masks for a small, fixed budget:
its figures compare with those of other runs of equal length, not with those of the embedded models. The clips
that judge are drawn before anything is taken away, so they are the same for all. Real clips (see
scripts/score_real.py) are reported only: never choose by them.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import torch
from ablation_table import Row, table
from ablations import ABLATIONS

from echodfkd.cli.failures import report
from echodfkd.cli.progress import tracker
from echodfkd.clip import Clip
from echodfkd.clipset_writer import software_versions
from echodfkd.distill.data import GeneratorExamples, loader
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.trainer import Trainer
from echodfkd.errors import EchoError
from echodfkd.eval.area import area_correlation, area_ratio
from echodfkd.eval.real import RealScore, find_clips, score_folder
from echodfkd.eval.real_figures import EF_METRICS, MASK_METRICS
from echodfkd.eval.real_outputs import known
from echodfkd.eval.score import labels_of, predict, score_clip
from echodfkd.files import read_json, write_json
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Segmenter
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.synth import mixture
from echodfkd.synth.sim.held_out import HELD_OUT, held_out_generators

SIZE, FRAMES = 112, 8  # of a training clip
JUDGE_SEED, JUDGE_FPS = 99, 25.0
# A forked worker inherits what is taken away; a spawned one would import everything afresh.
WORKERS = 1 if multiprocessing.get_start_method() == "fork" else 0


def run(name: str, recipe: Recipe, clips: int, frames: int, real: Path | None = None) -> Row:
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


def train(recipe: Recipe, name: str) -> Segmenter:
    """The averaged weights of a fresh student after a recipe, on exact masks."""
    torch.manual_seed(recipe.seed)
    trainer = Trainer(build_network("default"), recipe, torch.device("cpu"), None)
    makers, count = mixture.training_mixture(FRAMES), recipe.steps * recipe.batch
    examples = GeneratorExamples(makers, recipe.seed, count, SIZE, exact=True, tissues=True)
    batches = loader(examples, range(count), recipe.batch, recipe.workers)
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
    return {m.name: known(m.value(some), 5) for some, metrics in judged if some for m in metrics}


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
        recipe = Recipe(steps=options.steps, batch=4, seed=options.seed, workers=WORKERS)
        write_json(options.output, run(options.name, recipe, options.clips, options.frames, options.real))
    except (Exception, KeyboardInterrupt) as error:
        return report(error, options.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
