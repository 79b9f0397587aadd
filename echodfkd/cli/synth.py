"""`echodfkd synth`: make a clip set."""

from pathlib import Path
from typing import Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

VIEWS = ("a4c", "a2c")  # those with an LV to label


def synth(
    output: Annotated[
        Path, typer.Argument(help="Folder of the clip set: new, or an earlier run to complete.")
    ],
    generator: Annotated[str, typer.Option(help="Where the clips come from.")] = "sim",
    clips: Annotated[int, typer.Option(help="How many; more than before extends the set.")] = 16,
    frames: Annotated[
        int | None, typer.Option(help="Frames per clip.", show_default="128, or a network's window")
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="Side in pixels, even.", show_default="112, or the network's")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second in Hz.", show_default="50, or the network's")
    ] = None,
    view: Annotated[str | None, typer.Option(help="a4c or a2c.", show_default="a4c")] = None,
    preset: Annotated[
        str | None, typer.Option(help="Scanner look: echonet, camus or handheld.", show_default="echonet")
    ] = None,
    ef: Annotated[
        str | None, typer.Option(metavar="LO:HI", help="Ejection fractions in percent.", show_default="all")
    ] = None,
    filter_privacy: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA", help="Redraw clips that copy one of these, the generator's training clips."
        ),
    ] = None,
    mask: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A label map to draw by; may be repeated.")
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT|FILE", help="What diffecho draws; may be repeated, taken in turn."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|HUB_ID", help="Of a network that draws; nothing is fetched unless a hub id is named."
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Of a network's sampling.", show_default="by generator")
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(
            help="How far a network goes beyond what it is told; 1: not.", show_default="by weights"
        ),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Clips that a network draws at once.", show_default="by device")
    ] = None,
    format: Annotated[
        str, typer.Option(help="Layout on disk: echonet, or nifti for videos as NIfTI files.")
    ] = "echonet",
    lossless: Annotated[bool, typer.Option("--lossless", help="FFV1 videos instead of MJPG.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes, of each rank.", show_default="by cores; 1 under torchrun or with a network"
        ),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Make a set of echo clips, labelled where the generator knows. The same seed gives the same clips.

    A killed run is completed by running the same command again. Under torchrun or srun, all ranks make one
    set together.
    """
    from echodfkd.cli.progress import tracker
    from echodfkd.errors import unknown_name
    from echodfkd.ranks import joined
    from echodfkd.synth.base import BatchGenerator
    from echodfkd.synth.privacy.generator import filtered
    from echodfkd.synth.privacy.report import conclude
    from echodfkd.synth.request import build_generator
    from echodfkd.synth.write import write_clip_set

    if view not in (None, *VIEWS):
        raise unknown_name("view", str(view), list(VIEWS))
    source = build_generator(
        generator,
        device=device,
        layout=format,
        frames=frames,
        size=size,
        fps=fps,
        view=view,
        preset=preset,
        ef=ef,
        mask=mask or (),
        prompt=prompt or (),
        weights=weights,
        steps=steps,
        guidance=guidance,
        batch=batch,
    )
    with joined(source.device if isinstance(source, BatchGenerator) else "cpu") as ranks:
        track = tracker(quiet or not ranks.main)
        guarded = (
            None
            if filter_privacy is None
            else filtered(source, filter_privacy, output, ranks=ranks, track=track)
        )
        done = write_clip_set(
            guarded or source,
            output,
            clips=clips,
            seed=seed,
            lossless=lossless,
            nifti=format == "nifti",
            workers=workers,
            ranks=ranks,
            track=track,
        )
        said = ranks.on_main(
            lambda: [] if guarded is None else conclude(done.root, guarded.privacy, track=track)
        )
        if ranks.main and not quiet:
            made = f"{done.made} made in {done.seconds:.1f} s" if done.made else "all of them made before"
            print("\n".join([f"{done.root}: {done.clips} clips ({made})", *said]))
            print(f"next: echodfkd label {done.root} --teacher sim")
