"""A small training run as a process of its own: tests can kill it, or start several that train together.

Usage: python training_job.py OUTPUT [SECONDS-A-CLIP]; goes on where OUTPUT stands; prints JSON.
"""

import json
import sys
from pathlib import Path

from moving_ellipse import MovingEllipse

from echodfkd.distill.data import HELD_OUT, GeneratorExamples
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.run import Job, train
from echodfkd.ranks import joined

STEPS, BATCH = 24, 4
CONFIG = {"architecture": "tiny", "claim": "real-free", "convention": "echonet", "size": 64}
RECIPE = Recipe(STEPS, BATCH, 3e-3, warmup=2, average=0.8, save_every=2, eval_every=4, workers=0)


def job(delay: float) -> Job:
    makers = [MovingEllipse(frames=3, delay=delay)]
    learn = GeneratorExamples(makers, 0, STEPS * BATCH, 64, exact=True)
    return Job(CONFIG, {"task": "test"}, learn, GeneratorExamples(makers, HELD_OUT, 4, 64, exact=True), None)


def main(output: str, delay: str = "0") -> None:
    with joined("cpu", gradients=True) as ranks:
        rows = list(train(job(float(delay)), RECIPE, Path(output), resume=True, device="cpu", ranks=ranks))
        print(json.dumps({"rank": ranks.rank, "world": ranks.world, "rows": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
