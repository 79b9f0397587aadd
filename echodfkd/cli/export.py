"""`echodfkd export`: write a model in a format that other programs run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

CHECK_CLIPS, CHECK_FRAMES = 32, 8


def export(
    model: Annotated[str, typer.Argument(help="An embedded name, a run folder or a .safetensors file.")],
    format: Annotated[
        str, typer.Option(help="onnx, onnx-int8, pt2, openvino, executorch, or web: a page.")
    ] = "onnx",
    output: Annotated[Path, typer.Option(help="Folder for the file and its export.json.")] = Path(
        "echodfkd-export"
    ),
    force: Annotated[
        bool, typer.Option("--force", help="Keep a file that differs from its source too much.")
    ] = False,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Export a model and check the file against the model on synthetic clips and on a real cine."""
    from echodfkd.cli.remarks import tell_remarks
    from echodfkd.export.run import export_model
    from echodfkd.readers.example import example_cine
    from echodfkd.synth import make_generator
    from echodfkd.teachers import load_teacher

    source = load_teacher(model, device=device, kind="model")
    tell_remarks(source, quiet)
    sim = make_generator("sim", frames=CHECK_FRAMES, size=source.size)
    clips = {clip.name: clip.frames for clip in (sim.clip(seed, i) for i in range(CHECK_CLIPS))}
    cine = example_cine(source.size)
    clips[cine.name] = cine.frames
    path, facts = export_model(source, format, output, clips, force)
    if quiet:
        return
    print(f"{path}: {facts['bytes'] / 1e6:.2f} MB, {facts['model']['claim']}")
    print(agreement(facts["parity"]))
    if stream := facts.get("stream"):
        print(f"{path.with_name(stream['file'])}: {stream['bytes'] / 1e6:.2f} MB, frame by frame")
        print(agreement(stream["parity"]))
    if head := facts.get("head"):
        print(f"{path.with_name(head['file'])}: {head['bytes'] / 1e6:.2f} MB, the head that reads its masks")


def agreement(parity: dict[str, Any]) -> str:
    """One line on how near an export comes to its source."""
    rates = parity["frames_per_second"]
    return (
        f"{'agrees with' if parity['passed'] else 'DIFFERS from'} its source on {parity['frames']} frames: "
        f"Dice {parity['dice']:.4f}, at least {parity['least_dice']:.4f} in a clip, largest difference "
        f"{parity['largest_difference']}/255; {rates['1']:.0f} frames/s on one thread here, "
        f"{rates['all']:.0f} on all"
    )
