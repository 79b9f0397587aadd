"""`echodfkd eval`: score models on a clip set."""

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed


def eval_(
    ctx: typer.Context,
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL... DATA", help="One or more models, then a clip set.")
    ],
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            help="Also give the agreement with this teacher; repeated, or A+B or A*2+B: with them as one.",
            show_default=False,
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            help="labels, teacher or auxiliary: compare with this one alone.",
            show_default="labels where there are any, and each teacher or auxiliary that is given",
        ),
    ] = None,
    auxiliary: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Let this model judge, with or without labels: a name of `echodfkd models`, an open_clip "
            "model (folder, or hf-hub:OWNER/NAME), an EF network, or any teacher.",
            show_default=False,
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Auxiliary scores as EchoDFKD published them, faults and all.")
    ] = False,
    validate_auxiliary: Annotated[
        bool,
        typer.Option(
            "--validate-auxiliary",
            help="Also tell how far the auxiliary follows the true Dice of masks made worse on purpose.",
        ),
    ] = False,
    prompts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="JSON with what an image-text auxiliary is asked.", show_default=False
        ),
    ] = None,
    fidelity: Annotated[
        Path | None,
        typer.Option(
            metavar="REFERENCE_DATA",
            help="Also tell how near DATA's clips come to these, and whether they are copies of them.",
            show_default=False,
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH",
            help="Features for --fidelity: sim, simclip, echoclip, any teacher or student, or an ONNX or "
            ".pt2 file of a feature network.",
            show_default="sim, the embedded teacher",
        ),
    ] = None,
    downstream: Annotated[
        bool,
        typer.Option(
            "--downstream",
            help="For --fidelity, also distil a small student from DATA, and one from half of these.",
        ),
    ] = False,
    split: Annotated[
        str | None, typer.Option(help="Only these clips: TRAIN, VAL or TEST.", show_default="all clips")
    ] = None,
    echonet_systole: Annotated[
        bool,
        typer.Option("--echonet-systole", help="Also find ES by EchoNet-Dynamic's published detector."),
    ] = False,
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("echodfkd-eval"),
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Dice, area, ED/ES and EF of models on clips: metrics.json, per_clip.csv, report.html.

    Where there are no labels, a teacher (--teacher) or an auxiliary model (--auxiliary) stands in.
    Labels are exact masks, or traced frames and EF as in EchoNet-Dynamic's own layout (then size.csv, too).
    Several models are compared two by two.

    A clip that cannot be read is skipped and listed; more than one, and over 1% of the set, stop the run.
    """
    from echodfkd.cli.auxiliary import Judging
    from echodfkd.cli.beside import examples_of, manifest_of
    from echodfkd.cli.command_line import command_line
    from echodfkd.cli.fidelity import Nearness
    from echodfkd.cli.figures_told import tell_figures
    from echodfkd.cli.progress import tracker
    from echodfkd.cli.remarks import tell_remarks
    from echodfkd.cli.validation import check_validation, write_validation
    from echodfkd.cli.validation import validate_auxiliary as validate
    from echodfkd.clipset import ClipSet
    from echodfkd.errors import UsageError
    from echodfkd.eval.auxiliary.outputs import lines
    from echodfkd.eval.auxiliary.run import evaluate_and_judge
    from echodfkd.eval.fidelity import outputs as fidelity_outputs
    from echodfkd.eval.outputs import write_outputs
    from echodfkd.eval.report.evaluation import Beside
    from echodfkd.eval.run import Scoring, check_efs
    from echodfkd.eval.speed import HOW, published_speeds
    from echodfkd.teachers import load_teacher, load_teachers

    if len(models) < 2:
        raise UsageError("name at least one model and then the clip set: echodfkd eval default DATA")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file; --output names a folder")
    *names, data = models
    clips = ClipSet.open(data)
    if split is not None:
        clips = ClipSet(clips.root, clips.select(split))
    nearness = Nearness.load(fidelity, features, downstream, device)
    judging = Judging.load(auxiliary, device, published, prompts, reference)
    if validate_auxiliary:
        check_validation(judging.auxiliary, clips)
    guide = load_teachers(teacher, device) if teacher else None
    chosen = judging.other_references(clips, reference, guide is not None)
    if auxiliary is None:
        chosen = nearness.references(chosen, clips, reference)
    judged = [load_teacher(name, device=device, kind="model") for name in names]
    for model in (*judged, *([guide] if guide else [])):
        tell_remarks(model, quiet)
    judging.tell(quiet)
    nearness.tell(quiet, unscored=not chosen and auxiliary is None)
    track = tracker(quiet)
    scoring = Scoring(judged, chosen, guide, echonet_systole) if chosen else None
    if "labels" in chosen:
        check_efs(clips)
    trusted = None
    if validate_auxiliary and judging.auxiliary is not None:
        trusted = validate(judging.auxiliary, judged, clips, device, seed, track)
    results, verdicts = evaluate_and_judge(judged, clips, scoring, judging.judgement(judged), track)
    near = nearness.compare(clips, guide, device, seed, track)
    facts = {
        "data": clips.root.resolve().name,
        "clips": len(clips),
        "generator": clips.manifest.get("generator"),
    }
    corrupt = results[0].corrupt if results else verdicts[0].corrupt if verdicts else {}
    readable = (record for record in clips.records if record.name not in corrupt)
    samples = [clips.load(record) for record in islice(readable, 8)] if "labels" in chosen else []
    beside = Beside(
        examples=examples_of(results, verdicts, clips, guide, judging.auxiliary),
        validation=trusted,
        speeds=published_speeds(device, track) if results else {},
        how=HOW,
        manifest=manifest_of(command_line(ctx.obj), seed, device, clips, guide),
        fidelity=near,
    )
    write_outputs(output, results, facts, samples, verdicts, beside)
    told = write_validation(output, trusted) if trusted else []
    if quiet:
        return
    if corrupt:
        print(f"warning: {len(corrupt)} unreadable, skipped: {', '.join(corrupt)}", file=sys.stderr)
    tell_figures(results)
    for verdict in verdicts:
        print("\n".join(lines(verdict)))
    if near is not None:
        print("\n".join(fidelity_outputs.lines(near)))
    for line in told:
        print(line)
    print(f"{output / 'report.html'}")
