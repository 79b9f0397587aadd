"""`echodfkd distill`: train a student on what a teacher sees."""

from pathlib import Path
from typing import Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed


def distill(
    teacher: Annotated[list[str], typer.Option(help="Name of a teacher, or a path to a model.")],
    output: Annotated[Path, typer.Option(help="Folder of the run: new, or with --resume an earlier one.")],
    data: Annotated[Path | None, typer.Argument(help="A clip set; without it clips are drawn.")] = None,
    student: Annotated[str, typer.Option(help="default, tiny, or smp:ARCH:ENCODER.")] = "default",
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
    batch: Annotated[int, typer.Option(min=1, help="Clips a step.")] = 4,
    rate: Annotated[float, typer.Option(min=1e-6, max=1.0, help="Peak learning rate.")] = 2e-3,
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
            "DATA": data, "--clips": clips, "--exact": exact or None, "--keep": keep, "--start": start
        }  # fmt: skip
        plan = {"steps": steps, "batch": batch, "rate": rate, "seed": seed}
        distil_from_teacher_alone(
            teacher, student, output, not_taken, plan, resume=resume, device=device, quiet=quiet
        )
        return
    clips = clips or 2000

    from echodfkd.cli.progress import tracker
    from echodfkd.clipset import ClipSet
    from echodfkd.distill.distill import WINDOW, Drawn, job_from_clip_set, job_from_generator, with_start
    from echodfkd.distill.loop import Recipe
    from echodfkd.distill.run import train
    from echodfkd.errors import UsageError
    from echodfkd.students.networks import build_network
    from echodfkd.synth import training_generators
    from echodfkd.teachers import load_teacher

    if exact and data is not None:
        raise UsageError("--exact is for clips that are drawn; leave DATA or --exact out")
    if keep is not None and data is not None:
        raise UsageError("--keep is for clips that are drawn; leave DATA or --keep out")
    build_network(student)  # a wrong name should fail before anything is made
    recipe = Recipe(
        steps or max(500, -(-clips // batch)), batch, rate, seed=seed, workers=workers, exact=exact
    )
    if len(teacher) > 1:
        raise UsageError("this version distils from one teacher; give --teacher once")
    guide = load_teacher(teacher[0], device=device)
    if data is not None:
        job = job_from_clip_set(ClipSet.open(data), guide, student, recipe)
    else:
        sources = training_generators(generator, WINDOW)
        settings = [source.parameters() for source in sources]
        drawn = Drawn(sources, generator, sources[0].version, settings, clips)
        job = job_from_generator(drawn, guide, student, recipe, keep)
    if start is not None:
        job = with_start(job, start)
    for row in train(job, recipe, output, resume=resume, device=device, track=tracker(quiet)):
        if not quiet:
            print(f"step {row['step']:.0f}: loss {row['loss']:.4f}, agreement with teacher {row['dice']:.4f}")
    if not quiet:
        print(f"{output}: student distilled from {guide.name} ({guide.claim})")
        print(f"next: echodfkd segment CLIP --model {output}")
