"""`echodfkd export`: write a model in a format that other programs run."""

from pathlib import Path
from typing import Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

CHECK_CLIPS = 8
SAMPLE_FRAMES, SAMPLE_SIZE = 96, 192  # of the clip that a page offers to try


def export(
    model: Annotated[str, typer.Argument(help="An embedded name, a run folder or a .safetensors file.")],
    format: Annotated[str, typer.Option(help="onnx, or web: a page that runs it.")] = "onnx",
    output: Annotated[Path, typer.Option(help="Folder for the file and its export.json.")] = Path(
        "echodfkd-export"
    ),
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Export a model and check the file against the model on synthetic clips and on a real cine.

    --format web writes a static page around the model: serve its folder, say with
    `python -m http.server --directory echodfkd-export`. Nothing leaves the reader's device.
    """
    from echodfkd.cli.remarks import tell_remarks
    from echodfkd.export.page import export_page
    from echodfkd.export.run import export_model
    from echodfkd.readers.example import example_cine
    from echodfkd.synth import make_generator
    from echodfkd.teachers import load_teacher

    source = load_teacher(model, device=device, kind="model")
    tell_remarks(source, quiet)
    sim = make_generator("sim", frames=16, size=source.size)
    clips = {clip.name: clip.frames for clip in (sim.clip(seed, i) for i in range(CHECK_CLIPS))}
    cine = example_cine(source.size)
    clips[cine.name] = cine.frames
    if format == "web":
        sample = make_generator("sim", frames=SAMPLE_FRAMES, size=SAMPLE_SIZE).clip(seed, 0)
        path, facts = export_page(source, output, clips, sample)
    else:
        path, facts = export_model(source, format, output, clips)
    if not quiet:
        parity = facts["parity"]
        print(f"{path}: {facts['bytes'] / 1e6:.2f} MB, {facts['model']['claim']}")
        print(
            f"agrees with its source on {parity['frames']} frames: Dice {parity['dice']:.4f}, "
            f"largest difference {parity['largest_difference']}/255; "
            f"{parity['frames_per_second']:.0f} frames/s here"
        )
