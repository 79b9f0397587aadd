"""`echodfkd train`: train a part of the toolkit that is no student."""

from pathlib import Path
from typing import Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

SYSTEMS = ["teacher"]


def train(
    system: Annotated[str, typer.Argument(help="What to train: teacher.")],
    output: Annotated[Path, typer.Option(help="Folder of the run: new, or with --resume an earlier one.")],
    generator: Annotated[str, typer.Option(help="Where the clips come from.")] = "sim",
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 3000,
    batch: Annotated[int, typer.Option(min=1, help="Clips a step.")] = 4,
    workers: Annotated[int, typer.Option(min=0, help="Processes that make clips.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --output.")] = False,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a teacher on the exact masks of a generator's clips. A cut run goes on with --resume."""
    from echodfkd.cli.progress import tracker
    from echodfkd.distill.distill import WINDOW
    from echodfkd.distill.loop import Recipe
    from echodfkd.distill.run import train as run_training
    from echodfkd.errors import unknown_name
    from echodfkd.synth import training_generators
    from echodfkd.teachers.train import teacher_job

    if system not in SYSTEMS:
        raise unknown_name("system", system, SYSTEMS)
    recipe = Recipe(steps, batch, rate=1.2e-3, average=0.998, seed=seed, workers=workers)
    sources = training_generators(generator, WINDOW)
    job = teacher_job(sources, [source.parameters() for source in sources], recipe)
    for row in run_training(job, recipe, output, resume=resume, device=device, track=tracker(quiet)):
        if not quiet:
            print(
                f"step {row['step']:.0f}: loss {row['loss']:.4f}, Dice to the exact masks {row['dice']:.4f}"
            )
    if not quiet:
        print(f"next: echodfkd distill --teacher {output} --output student")
