"""`echodfkd demo`: the whole road once, small: synthesise, label, distil, evaluate, export, segment."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

if TYPE_CHECKING:
    from echodfkd.clipset import ClipSet
    from echodfkd.eval.run import ModelScores
    from echodfkd.progress import Track
    from echodfkd.segment.batch import Outcome
    from echodfkd.segmenter import Segmenter

TRAIN_CLIPS, TEST_CLIPS, FRAMES, STEPS = 48, 8, 64, 360
TEST_SEED = 1_000_000  # added to the seed for clips that the student never sees


def demo(
    output: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path(
        "echodfkd-demo"
    ),
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Go the whole road in minutes, offline: a student from nothing but synthetic clips, and a real cine.

    The demo's own student learns for a minute only; the real cine is segmented by the embedded one.
    """
    from echodfkd.cli.progress import tracker
    from echodfkd.teachers import load_teacher

    track = tracker(quiet)
    _claim(output)
    teacher = load_teacher("sim", device=device)
    with _stage("1/6 synthesising clips", quiet):
        train, test = _synthesise(output, seed, track)
    with _stage("2/6 labelling them with the teacher", quiet):
        _label(train, teacher, track)
    with _stage("3/6 distilling a small student", quiet):
        rows = _distil(train, teacher, output / "student", seed, device, track)
    with _stage("4/6 evaluating it on clips it never saw", quiet):
        scores = _evaluate(output, test, teacher, device, track)
    with _stage("5/6 exporting it to ONNX", quiet):
        exported = _export(output, test, device)
    with _stage("6/6 segmenting a real cine with the embedded student", quiet):
        outcome = _segment_cine(output, device, track)
    page = _write_page(output, train, rows, scores, exported, outcome)
    if not quiet:
        print(f"report:  {page}")
        print(f"overlay: {output / 'real' / outcome.job.name}.mp4")
        print(f"student: {output / 'export' / exported['file']}")


@contextmanager
def _stage(title: str, quiet: bool) -> Iterator[None]:
    import time

    begun = time.perf_counter()
    yield
    if not quiet:
        print(f"{title}: {time.perf_counter() - begun:.0f} s", flush=True)


def _claim(output: Path) -> None:
    """A demo starts afresh in a folder of its own."""
    import shutil

    from echodfkd.errors import UsageError
    from echodfkd.files import write_text

    mark = output / ".echodfkd-demo"
    if output.exists() and not mark.is_file() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} holds something else; choose another --output")
    shutil.rmtree(output, ignore_errors=True)
    write_text(mark, "made by `echodfkd demo`, which empties this folder when it runs again\n")


def _synthesise(output: Path, seed: int, track: "Track") -> tuple["ClipSet", "ClipSet"]:
    from echodfkd.clipset import ClipSet
    from echodfkd.synth import make_generator
    from echodfkd.synth.write import write_clip_set

    sim = make_generator("sim", frames=FRAMES)
    write_clip_set(sim, output / "clips", clips=TRAIN_CLIPS, seed=seed, track=track)
    write_clip_set(sim, output / "test-clips", clips=TEST_CLIPS, seed=seed + TEST_SEED, track=track)
    return ClipSet.open(output / "clips"), ClipSet.open(output / "test-clips")


def _label(clips: "ClipSet", teacher: "Segmenter", track: "Track") -> None:
    from echodfkd.teachers.label import label_clip_set

    label_clip_set(clips, teacher, track=track)


def _distil(
    clips: "ClipSet", teacher: "Segmenter", run: Path, seed: int, device: str, track: "Track"
) -> list[dict[str, float]]:
    from echodfkd.distill.distill import job_from_clip_set
    from echodfkd.distill.recipe import Recipe
    from echodfkd.distill.run import train

    recipe = Recipe(STEPS, seed=seed, rate=3e-3, average=0.97, save_every=STEPS, eval_every=STEPS // 6)
    job = job_from_clip_set(clips, teacher, "default", recipe)
    return list(train(job, recipe, run, device=device, track=track))


def _evaluate(
    output: Path, test: "ClipSet", teacher: "Segmenter", device: str, track: "Track"
) -> "list[ModelScores]":
    from echodfkd.eval.outputs import write_outputs
    from echodfkd.eval.run import evaluate
    from echodfkd.students.load import load_student

    models = [load_student(str(output / "student"), device), load_student("default", device), teacher]
    models[0].name, models[1].name = "demo student", "embedded student"
    scores = evaluate(models, test, teacher=teacher, references=["labels"], track=track)
    write_outputs(
        output / "eval", scores, {"data": test.root.name, "generator": "sim", "clips": len(test)}, []
    )
    return scores


def _export(output: Path, test: "ClipSet", device: str) -> dict[str, Any]:
    from echodfkd.export.run import export_model
    from echodfkd.readers.example import example_cine
    from echodfkd.students.load import load_student

    clips = {record.name: test.load(record).frames[:16] for record in test.records[:4]}
    cine = example_cine()
    student = load_student(str(output / "student"), device)
    return export_model(student, "onnx", output / "export", clips | {cine.name: cine.frames})[1]


def _segment_cine(output: Path, device: str, track: "Track") -> "Outcome":
    from echodfkd.readers.example import example_path
    from echodfkd.segment.batch import Options, plan, run
    from echodfkd.students.load import load_student

    jobs = plan([example_path()], output / "real")
    (outcome,) = run(jobs, load_student("default", device), output / "real", Options(), track)
    if outcome.error is not None:
        raise outcome.error
    return outcome


def _write_page(
    output: Path,
    clips: "ClipSet",
    rows: list[dict[str, float]],
    scores: "list[ModelScores]",
    exported: dict[str, Any],
    outcome: "Outcome",
) -> Path:
    from echodfkd.eval.report.demo import demo_report
    from echodfkd.eval.report.page import write_report

    assert outcome.result is not None
    video = output / "real" / f"{outcome.job.name}.mp4"
    samples = [clips.load(record) for record in clips.records[:8]]
    page = output / "report.html"
    write_report(demo_report(samples, rows, scores, exported, outcome.result, video), page)
    return page
