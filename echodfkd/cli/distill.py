"""`echodfkd distill`: train a student on what a teacher sees."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

if TYPE_CHECKING:
    from echodfkd.distill.recipe import Recipe
    from echodfkd.distill.run import Job
    from echodfkd.segmenter import Segmenter


def distill(
    teacher: Annotated[
        list[str], typer.Option(help="Name of a teacher, or a path to a model; several teach together.")
    ],
    output: Annotated[Path, typer.Option(help="Folder of the run: new, or with --resume an earlier one.")],
    data: Annotated[Path | None, typer.Argument(help="A clip set; without it clips are drawn.")] = None,
    student: Annotated[
        str, typer.Option(help="default, tiny, micro, convlstm-BL or smp:ARCH:ENCODER.")
    ] = "default",
    generator: Annotated[
        str,
        typer.Option(
            help="Where clips come from without DATA; adversarial: from the teacher's weights alone, no clip."
        ),
    ] = "sim",
    clips: Annotated[
        int | None, typer.Option(min=1, help="How many different clips to draw.", show_default="2000")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimiser steps.", show_default="each clip once, at least 500")
    ] = None,
    recipe: Annotated[str, typer.Option(help="default, rich, or echodfkd as published.")] = "default",
    batch: Annotated[
        int | None, typer.Option(min=1, help="Clips a step.", show_default="4, or the recipe's")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=1e-6, max=1.0, help="Peak learning rate.", show_default="0.002, or the recipe's"),
    ] = None,
    loss: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=WEIGHT, instead of the recipe's: bce, dice, kl, channel, boundary, temporal, "
            "attention, features. May be repeated.",
            show_default="bce=1 dice=0.5",
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Evaluations without a better agreement until it stops; 0 never.",
            show_default="0, or the recipe's",
        ),
    ] = None,
    precision: Annotated[str, typer.Option(help="fp32, or bf16 or fp16 for mixed precision.")] = "fp32",
    start: Annotated[
        Path | None, typer.Option(help="Weights (.safetensors) of the same student to start from.")
    ] = None,
    exact: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of the generator's exact masks in the target, without DATA."),
    ] = 0.0,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Clips and labels drawn stay in this folder; a second student of the same teacher, "
            "--clips and --seed starts from them."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that make or read clips.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --output.")] = False,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Distil a student. A cut run goes on with --resume and ends with the same weights.

    Drawn clips that the student will see more than once are drawn and labelled before it learns.
    """
    from echodfkd.distill.datafree import ADVERSARIAL

    if generator == ADVERSARIAL:
        from echodfkd.cli.alone import distil_from_teacher_alone

        not_taken = {
            "DATA": data,
            "--clips": clips,
            "--exact": exact or None,
            "--keep": keep,
            "--start": start,
            "--recipe": None if recipe == "default" else recipe,
            "--loss": loss,
            "--patience": patience,
            "--precision": None if precision == "fp32" else precision,
        }
        plan = {"steps": steps, "batch": batch, "rate": rate, "seed": seed}
        distil_from_teacher_alone(
            teacher, student, output, not_taken, plan, resume=resume, device=device, quiet=quiet
        )
        return
    clips = clips or 2000

    from echodfkd.cli.progress import tracker
    from echodfkd.cli.remarks import tell_remarks
    from echodfkd.distill.recipe import losses_of, preset
    from echodfkd.distill.run import corrupt, train
    from echodfkd.errors import UsageError
    from echodfkd.ranks import joined
    from echodfkd.students.networks import build_network

    for option, given in (("--exact", exact), ("--keep", keep)):
        if given and data is not None:
            raise UsageError(f"{option} is for clips that are drawn; leave DATA or {option} out")
    build_network(student)  # a wrong name should fail before anything is made
    chosen = preset(
        recipe,
        batch=batch,
        rate=rate,
        losses=losses_of(loss) if loss else None,
        patience=patience,
        precision=precision,
        seed=seed,
        workers=workers,
        exact=exact,
    )
    chosen = replace(chosen, steps=steps or max(500, -(-clips // chosen.batch)))
    with joined(device, gradients=True) as ranks:
        quiet = quiet or not ranks.main
        source = Source(data, generator, clips, keep, start)
        guide, job = _job(teacher, student, source, chosen, device)
        tell_remarks(guide, quiet)
        for row in train(
            job, chosen, output, resume=resume, device=device, track=tracker(quiet), ranks=ranks
        ):
            if not quiet:
                loss_now, agrees = f"loss {row['loss']:.4f}", f"agreement with teacher {row['dice']:.4f}"
                print(f"step {row['step']:.0f}: {loss_now}, {agrees}")
    if left_out := corrupt(job):
        print(f"warning: {len(left_out)} unreadable, left out: {', '.join(left_out)}", file=sys.stderr)
    if not quiet:
        print(f"{output}: student distilled from {guide.name} ({guide.claim})")
        print(f"next: echodfkd segment CLIP --model {output}")


class Source(NamedTuple):
    """Where the clips come from: DATA, or else --generator, --clips and --keep; and --start."""

    data: Path | None
    generator: str
    clips: int
    keep: Path | None
    start: Path | None


def _job(
    teachers: list[str], student: str, source: Source, recipe: "Recipe", device: str
) -> "tuple[Segmenter, Job]":
    """The teacher, and what the student is to learn from it."""
    from echodfkd.clipset import ClipSet
    from echodfkd.distill.distill import Drawn, job_from_clip_set, job_from_generator, with_start
    from echodfkd.synth import training_generators
    from echodfkd.teachers import load_teachers

    guide = load_teachers(teachers, device)
    if source.data is not None:
        job = job_from_clip_set(ClipSet.open(source.data), guide, student, recipe)
    else:
        makers = training_generators(source.generator, recipe.window)
        settings = [maker.parameters() for maker in makers]
        drawn = Drawn(makers, source.generator, makers[0].version, settings, source.clips)
        job = job_from_generator(drawn, guide, student, recipe, source.keep)
    return guide, job if source.start is None else with_start(job, source.start)
