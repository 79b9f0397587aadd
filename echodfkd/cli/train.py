"""`echodfkd train`: train a part of the toolkit that is no student."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

OURS = ("teacher", "heads", "auxiliary")  # beside the generators of `synth.systems`
FEWEST = 10  # clips that heads and auxiliary learn from


@dataclass(frozen=True)
class Run:
    """What every training is told."""

    output: Path
    generator: str
    resume: bool
    seed: int
    device: str
    quiet: bool


def train(
    system: Annotated[
        str,
        typer.Argument(
            help="What to train: teacher, heads, auxiliary, or a generator's part (echonet-synthetic:vae).",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder of the run: new, or with --resume an earlier one.")],
    data: Annotated[
        Path | None, typer.Argument(help="generators: clip set to learn from, instead of drawn clips.")
    ] = None,
    generator: Annotated[str, typer.Option(help="Where the clips come from.")] = "sim",
    student: Annotated[str, typer.Option(help="heads: the model whose masks they read.")] = "default",
    clips: Annotated[
        int | None,
        typer.Option(min=1, help="Clips to draw: 1000 for heads, 1536 for auxiliary, 2400 for generators."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Optimiser steps: 3000 for a teacher, 2000 for heads, 6000 for auxiliary; generators have "
            "their own.",
        ),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Clips a step: 4 or 32; auxiliary: 24 pictures.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="generators: learning rate.")] = None,
    precision: Annotated[
        str | None, typer.Option(metavar="no|fp16|bf16", help="generators: of the arithmetic.")
    ] = None,
    codec: Annotated[
        Path | None,
        typer.Option(metavar="RUN|FILE|DIR", help="generators: what makes frames small."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(metavar="DIR|HUB_ID", help="diffecho: Stable Diffusion to go on from."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="generators: folder for clips as arrays, shared between parts.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="teacher, generators: processes that make clips.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --output.")] = False,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a teacher, heads that read a student's curves, the auxiliary simclip, or a generator's part.

    A cut run goes on with --resume. Heads give EF with an interval, help to find ED and ES, and tell what is
    no apical view; they belong to the very weights of the student that they were trained with. The
    auxiliary model simclip judges masks where nobody has labels. Generators learn from clips of a simpler
    generator or from DATA; those that work behind a codec need a trained one, the part `vae` of theirs.
    """
    from echodfkd.cli.train_generator import Asked, train_generator

    _check(system, clips)
    asked = Asked(data, codec, keep, clips, steps, batch, rate, precision, workers, weights)
    run = Run(output, generator, resume, seed, device, quiet)
    if system in OURS:
        asked.refuse(system)
    if system not in OURS:
        train_generator(system, asked, run)
    elif system == "teacher":
        _teacher(run, steps or 3000, batch or 4, workers)
    elif system == "heads":
        _heads(run, student, clips or 1000, steps or 2000, batch or 32)
    else:
        _auxiliary(run, clips or 1536, steps or 6000, batch or 24)


def _check(system: str, clips: int | None) -> None:
    from echodfkd.errors import UsageError, unknown_name
    from echodfkd.synth.systems import SYSTEMS

    if system.partition(":")[0] not in SYSTEMS and system not in OURS:
        raise unknown_name("system", system, [*OURS, *SYSTEMS])
    if system in OURS and clips is not None and clips < FEWEST:
        raise UsageError(f"--clips must be at least {FEWEST} for {system}, got {clips}")


def _teacher(run: Run, steps: int, batch: int, workers: int) -> None:
    from echodfkd.cli.progress import tracker
    from echodfkd.distill.recipe import WINDOW, Recipe
    from echodfkd.distill.run import train as run_training
    from echodfkd.synth import training_generators
    from echodfkd.teachers.train import teacher_job

    recipe = Recipe(steps, batch, rate=1.2e-3, average=0.998, seed=run.seed, workers=workers)
    sources = training_generators(run.generator, WINDOW)
    job = teacher_job(sources, [source.parameters() for source in sources], recipe)
    track = tracker(run.quiet)
    for row in run_training(job, recipe, run.output, resume=run.resume, device=run.device, track=track):
        if not run.quiet:
            print(
                f"step {row['step']:.0f}: loss {row['loss']:.4f}, Dice to the exact masks {row['dice']:.4f}"
            )
    if not run.quiet:
        print(f"next: echodfkd distill --teacher {run.output} --output student")


def _heads(run: Run, student: str, clips: int, steps: int, batch: int) -> None:
    from echodfkd.cli.progress import tracker
    from echodfkd.cli.remarks import tell_remarks
    from echodfkd.heads.run import WEIGHTS, materials, train_head
    from echodfkd.heads.train import HeadRecipe
    from echodfkd.home import model_folder
    from echodfkd.synth.cines import calibration_cines, training_cines
    from echodfkd.teachers import load_teacher

    sources, judges = training_cines(run.generator), calibration_cines(run.generator)
    segmenter = load_teacher(student, device=run.device, kind="model")
    tell_remarks(segmenter, run.quiet)
    material = materials(sources, judges, run.seed, clips)
    recipe = HeadRecipe(steps, batch, seed=run.seed)
    track = tracker(run.quiet)
    scores = train_head(*material, segmenter, recipe, run.output, resume=run.resume, track=track)
    if not run.quiet:
        print(
            f"EF on held-out clips: off by {scores['ef_mae_head']:.1f} points (masks alone "
            f"{scores['ef_mae_masks']:.1f}), interval right in {scores['interval_coverage']:.0%}"
        )
        print(
            f"next: copy {run.output / WEIGHTS} to {model_folder() / f'heads-{segmenter.name}.safetensors'}"
        )


def _auxiliary(run: Run, count: int, steps: int, batch: int) -> None:
    from echodfkd.cli.progress import tracker
    from echodfkd.eval.auxiliary.simclip.clips import FRAMES
    from echodfkd.eval.auxiliary.simclip.run import Clips, train_auxiliary
    from echodfkd.eval.auxiliary.simclip.train import Recipe
    from echodfkd.synth import training_generators

    clips = Clips(training_generators(run.generator, FRAMES), run.seed, count)
    recipe = Recipe(steps, batch, seed=run.seed)
    track = tracker(run.quiet)
    for row in train_auxiliary(clips, recipe, run.output, resume=run.resume, track=track):
        if not run.quiet:
            print(", ".join(f"{name} {value:g}" for name, value in row.items() if value is not None))
    if not run.quiet:
        print(f"next: echodfkd eval default DATA --auxiliary {run.output}")
