import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

import echodfkd.distill.distill
from echodfkd.cli import main
from echodfkd.clipset import ClipSet
from echodfkd.distill.data import Masks
from echodfkd.distill.kept import KeptClips
from echodfkd.distill.run import WEIGHTS
from echodfkd.distill.trainer import Trainer
from echodfkd.students.checkpoint import sha256
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.weights import embedded_path

TINY = ["--teacher", "default", "--batch", "1", "--workers", "0", "--device", "cpu"]


@pytest.fixture(autouse=True)
def few_clips_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echodfkd.distill.distill, "HELD_OUT_CLIPS", 2)


def distill(run: Path, *more: str, steps: int = 2) -> int:
    return main(["distill", *TINY, "--clips", "2", "--steps", str(steps), "--output", str(run), *more])


def left_in(run: Path) -> set[str]:
    return {path.name for path in run.iterdir()}


def test_a_student_is_distilled_from_drawn_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert distill(run) == 0
    out = capsys.readouterr().out
    assert "step 2: loss " in out
    assert f"{run}: student distilled from default (real-free)\n" in out
    assert f"next: echodfkd segment CLIP --model {run}" in out
    assert left_in(run) == {
        "student.safetensors", "config.json", "manifest.json", "metrics.jsonl", "tensorboard", "checkpoints"
    }  # fmt: skip
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["weights_sha256"] == sha256(run / "student.safetensors")
    request = manifest["request"]
    assert (request["task"], request["teacher"], request["generator"]) == ("distill", "default", "sim")
    assert request["teacher_sha256"] == sha256(embedded_path("student-default"))
    assert (request["clips"], request["recipe"]["steps"], request["recipe"]["batch"]) == (2, 2, 1)
    assert json.loads((run / "config.json").read_text())["claim"] == "real-free"


def test_an_interrupted_run_is_resumed_to_the_same_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert distill(whole, "--quiet") == 0
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "learn", interrupted_at(1))
        assert distill(cut, "--quiet") == 130
    assert capsys.readouterr() == ("", "error: interrupted\n")
    assert "student.safetensors" not in left_in(cut)
    assert distill(cut, "--quiet") == 2
    assert "add --resume to go on with it" in capsys.readouterr().err
    assert distill(cut, "--quiet", "--resume") == 0
    assert sha256(cut / "student.safetensors") == sha256(whole / "student.safetensors")
    assert distill(cut, "--resume", steps=3) == 2
    assert "holds a run with another recipe; choose another --output" in capsys.readouterr().err


def interrupted_at(step: int) -> Callable[[Trainer, Tensor, Masks[Tensor]], float]:
    """`Trainer.learn` with Ctrl-C at a step."""
    learn = Trainer.learn

    def until(trainer: Trainer, frames: Tensor, masks: Masks[Tensor]) -> float:
        if trainer.step == step:
            raise KeyboardInterrupt
        return learn(trainer, frames, masks)

    return until


def test_a_finished_run_resumed_stays_as_it_is(tmp_path: Path) -> None:
    assert distill(tmp_path / "run", "--quiet") == 0
    before = sha256(tmp_path / "run" / "student.safetensors")
    assert distill(tmp_path / "run", "--quiet", "--resume") == 0
    assert sha256(tmp_path / "run" / "student.safetensors") == before
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["complete"]


def test_two_students_share_what_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = ["--keep", str(tmp_path / "kept"), "--quiet"]
    assert distill(tmp_path / "drawn", "--quiet", "--exact", "0.5") == 0
    assert distill(tmp_path / "first", *keep, "--exact", "0.5") == 0
    assert sha256(tmp_path / "first" / WEIGHTS) == sha256(tmp_path / "drawn" / WEIGHTS)  # only earlier
    made = sha256(tmp_path / "kept" / "taught.npy")
    monkeypatch.delattr(KeptClips, "_lay_out")  # to draw again would fail
    assert (
        distill(tmp_path / "second", *keep, "--student", "tiny", steps=5) == 0
    )  # more steps, no exact masks
    assert sha256(tmp_path / "kept" / "taught.npy") == made
    assert distill(tmp_path / "third", *keep, "--seed", "1") == 2
    assert (
        f"{tmp_path / 'kept'} keeps clips of another seed; choose another --keep" in capsys.readouterr().err
    )
    assert not (tmp_path / "third").exists()


def test_another_version_of_the_generator_is_another_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, kept = tmp_path / "run", ["--keep", str(tmp_path / "kept")]
    assert distill(run, *kept, "--quiet") == 0
    before = sha256(tmp_path / "kept" / "frames.npy")
    monkeypatch.setattr(SimGenerator, "version", "of tomorrow")
    assert distill(run, "--resume") == 2
    assert "holds a run with another generator_version; choose another" in capsys.readouterr().err
    assert distill(tmp_path / "other", *kept) == 2
    assert "keeps clips of another generator_version; choose another" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
    assert sha256(tmp_path / "kept" / "frames.npy") == before


def test_clips_seen_often_are_kept_with_the_run_until_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert distill(whole, "--quiet", steps=5) == 0
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "learn", interrupted_at(3))
        assert distill(cut, "--quiet", steps=5) == 130
    assert "clips" in left_in(cut)
    assert distill(cut, "--quiet", "--resume", steps=5) == 0
    assert "clips" not in left_in(cut) | left_in(whole)
    assert sha256(cut / WEIGHTS) == sha256(whole / WEIGHTS)
    assert distill(cut, "--quiet", "--resume", steps=5) == 0
    assert "clips" not in left_in(cut)


def test_what_is_kept_is_what_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert distill(tmp_path / "run", str(tmp_path), "--keep", str(tmp_path / "kept")) == 2
    assert "--keep is for clips that are drawn; leave DATA or --keep out" in capsys.readouterr().err


def test_a_clip_set_is_what_it_learns_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = tmp_path / "clips"
    assert main(["synth", str(clips), "--clips", "4", "--frames", "8", "--quiet"]) == 0
    assert main(["label", str(clips), "--teacher", "default", "--quiet"]) == 0
    assert distill(tmp_path / "run", str(clips), "--quiet") == 0
    assert capsys.readouterr().out == ""
    request = json.loads((tmp_path / "run" / "manifest.json").read_text())["request"]
    assert (request["data"], request["clips"]) == (clips.name, 2)  # of 4 clips, one is VAL and one TEST
    assert request["data_generator"] == "sim"
    (manifest,) = clips.glob("Labels/default-*/manifest.json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "teacher_sha256": "00" * 32}))
    assert distill(tmp_path / "other", str(clips)) == 1
    assert "holds labels of other weights than default's: move it away\n" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--student", "resnet"], "unknown student 'resnet'; choose from: convlstm-BL, default"),
        (["--student", "sim"], "'sim' is a teacher, not a student; are the two swapped?"),
        (["--student", "smp:Unet"], "write smp:ARCH:ENCODER, say smp:Unet:resnet18"),
        (["--student", "smp:Unet:nothing"], "smp:Unet:nothing: "),
        (["--teacher", "nobody"], "unknown teacher 'nobody'"),
        (["--recipe", "best"], "unknown recipe 'best'; choose from: default, echodfkd, rich"),
        (["--loss", "bse=1"], "unknown loss 'bse'"),
        (["--loss", "kl=lots"], "write NAME=WEIGHT"),
        (["--precision", "fp8"], "unknown precision 'fp8'"),
        (["--teacher", "tiny", "--loss", "bce", "--loss", "attention"], "leave --loss attention out"),
        (["--start", "absent.safetensors"], "--start absent.safetensors: no such file"),
        (["--generator", "nothing"], "unknown generator to train from 'nothing'; choose from: sim"),
        (["absent-folder"], "no such folder: absent-folder"),
        (["--clips", "0"], "--clips"),
        (["--steps", "0"], "--steps"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], message: str
) -> None:
    assert distill(tmp_path / "run", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "run").exists()


def test_an_output_that_holds_something_else_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert distill(tmp_path) == 2
    assert capsys.readouterr().err == f"error: {tmp_path} holds something else; choose another --output\n"
    assert left_in(tmp_path) == {"thesis.tex"}


def test_an_unknown_teacher_lists_the_choices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["distill", "--teacher", "nobody", "--output", str(tmp_path / "run")]) == 2
    assert "unknown teacher 'nobody'; choose from: " in capsys.readouterr().err


def test_several_teachers_teach_together(tmp_path: Path) -> None:
    """How far they disagree is kept with their labels and weighs what the student learns."""
    both = ["--teacher", "tiny", "--keep", str(tmp_path / "kept"), "--quiet"]
    assert distill(tmp_path / "run", *both) == 0
    request = json.loads((tmp_path / "run" / "manifest.json").read_text())["request"]
    assert request["teacher"] == "default+tiny"
    spread = np.load(tmp_path / "kept" / "spread.npy")
    assert 0 < spread.max() <= 127


def test_a_recipe_and_losses_by_name(tmp_path: Path) -> None:
    assert (
        distill(tmp_path / "run", "--recipe", "rich", "--loss", "kl=2", "--loss", "attention=.5", "--quiet")
        == 0
    )
    recipe = json.loads((tmp_path / "run" / "manifest.json").read_text())["request"]["recipe"]
    assert recipe["losses"] == {"kl": 2.0, "attention": 0.5}


def test_an_unreadable_clip_is_left_out_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = tmp_path / "clips"
    assert main(["synth", str(clips), "--clips", "6", "--frames", "8", "--quiet"]) == 0
    video = ClipSet.open(clips).select("TRAIN")[0].path
    video.write_bytes(b"no video")
    assert distill(tmp_path / "run", str(clips), steps=20) == 0
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["corrupt"] == [video.stem]
    assert f"warning: 1 unreadable, left out: {video.stem}" in capsys.readouterr().err
