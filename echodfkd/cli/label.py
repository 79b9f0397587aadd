"""`echodfkd label`: let a teacher label a clip set."""

from pathlib import Path
from typing import Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed


def label(
    data: Annotated[
        Path, typer.Argument(help="A clip set, EchoNet-Dynamic, or a folder of videos or cines.")
    ],
    teacher: Annotated[
        list[str], typer.Option(help="Name of a teacher, or a path to a model; may be given again.")
    ],
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
    from echodfkd.errors import UsageError
    from echodfkd.teachers import load_teacher
    from echodfkd.teachers.label import label_clip_set

    if len(teacher) > 1 and weights is not None:
        raise UsageError("--weights belongs to one teacher; name one --teacher with it")
    clips = ClipSet.open(data)
    for name in teacher:
        done = label_clip_set(clips, load_teacher(name, weights, device), track=tracker(quiet))
        if quiet:
            continue
        if done.corrupt:
            names = ", ".join(done.corrupt)
            print(f"warning: {len(done.corrupt)} unreadable, skipped: {names}", file=sys.stderr)
        made = f"{done.made} clips labelled in {done.seconds:.1f} s"
        print(f"{done.folder}: {made}, {done.skipped} had their label")
        print(f"next: echodfkd distill {data} --teacher {name} --output run")
