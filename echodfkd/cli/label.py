"""`echodfkd label`: let a teacher label a clip set."""

from pathlib import Path
from typing import Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed


def label(
    data: Annotated[
        Path, typer.Argument(help="A clip set, EchoNet-Dynamic, or a folder of videos or cines.")
    ],
    teacher: Annotated[str, typer.Option(help="Name of a teacher, or a path to a model.")],
    weights: Annotated[
        Path | None, typer.Option(help="Weights file of a teacher that comes without.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a teacher's soft LV masks to DATA/Labels. Clips that have theirs are skipped."""
    import sys

    from echodfkd.cli.progress import tracker
    from echodfkd.clipset import ClipSet
    from echodfkd.teachers import load_teacher
    from echodfkd.teachers.label import label_clip_set

    clips = ClipSet.open(data)
    done = label_clip_set(clips, load_teacher(teacher, weights, device), track=tracker(quiet))
    if quiet:
        return
    if done.corrupt:
        print(f"warning: {len(done.corrupt)} unreadable, skipped: {', '.join(done.corrupt)}", file=sys.stderr)
    print(
        f"{done.folder}: {done.made} clips labelled in {done.seconds:.1f} s, {done.skipped} had their label"
    )
    print(f"next: echodfkd distill {data} --teacher {teacher} --output run")
