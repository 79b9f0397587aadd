"""`echodfkd label`: let a teacher label a clip set."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

if TYPE_CHECKING:
    from echodfkd.teachers.label import Labelled


def label(
    data: Annotated[
        Path, typer.Argument(help="A clip set, EchoNet-Dynamic, or a folder of videos or cines.")
    ],
    teacher: Annotated[
        list[str],
        typer.Option(
            help="Name of a teacher, path to a model, or hf:OWNER/NAME; A+B or A*2+B teach together. "
            "Repeated, each labels for itself."
        ),
    ],
    weights: Annotated[
        Path | None, typer.Option(help="Weights file of a teacher that comes without.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a teacher's soft LV masks to DATA/Labels. Clips that have theirs are skipped.

    Under torchrun or srun, the ranks share the clips, each on the GPU of its local rank where there is one.
    """
    from echodfkd.cli.progress import tracker
    from echodfkd.cli.remarks import tell_remarks
    from echodfkd.clipset import ClipSet
    from echodfkd.errors import UsageError
    from echodfkd.ranks import joined
    from echodfkd.teachers import load_teacher
    from echodfkd.teachers.label import label_clip_set

    if len(teacher) > 1 and weights is not None:
        raise UsageError("--weights belongs to one teacher; name one --teacher with it")
    clips = ClipSet.open(data)
    with joined(device) as ranks:
        says_nothing = quiet or not ranks.main
        for name in teacher:
            guide = load_teacher(name, weights, device)
            tell_remarks(guide, says_nothing)
            done = label_clip_set(clips, guide, ranks=ranks, track=tracker(says_nothing))
            if not says_nothing:
                _tell(done, data, name)


def _tell(done: "Labelled", data: Path, teacher: str) -> None:
    """What came out, and what could be next."""
    if done.corrupt:
        names = ", ".join(done.corrupt)
        print(f"warning: {len(done.corrupt)} unreadable, skipped: {names}", file=sys.stderr)
    made = f"{done.made} clips labelled in {done.seconds:.1f} s"
    print(f"{done.folder}: {made}, {done.skipped} had their label")
    print(f"next: echodfkd distill {data} --teacher {teacher} --output run")
