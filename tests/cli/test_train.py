import json
from pathlib import Path

import pytest

from echodfkd.cli import main
from echodfkd.heads.head import load_head
from echodfkd.students.checkpoint import sha256
from echodfkd.teachers import load_teacher
from echodfkd.teachers.train import CONFIG

TINY = ["--steps", "2", "--batch", "1", "--workers", "0", "--device", "cpu"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train") / "run"
    assert main(["train", "teacher", "--output", str(folder), *TINY, "--quiet"]) == 0
    return folder


def test_a_teacher_is_left_that_can_teach(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["request"]["task"] == "teacher"
    assert manifest["request"]["recipe"]["steps"] == 2
    assert json.loads((run / "config.json").read_text()) == CONFIG
    teacher = load_teacher(str(run), device="cpu")
    assert teacher.digest == manifest["weights_sha256"]
    assert (teacher.name, teacher.claim, teacher.size) == ("run", "real-free", 112)


def test_resuming_a_finished_run_changes_nothing(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sha256(run / "student.safetensors")
    assert main(["train", "teacher", "--output", str(run), *TINY, "--resume"]) == 0
    assert sha256(run / "student.safetensors") == before
    assert f"next: echodfkd distill --teacher {run} --output student" in capsys.readouterr().out


def test_a_run_is_not_overwritten(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "teacher", "--output", str(run), *TINY]) == 2
    assert "holds a run already; add --resume to go on with it" in capsys.readouterr().err
    assert main(["train", "teacher", "--output", str(run), *TINY, "--resume", "--seed", "1"]) == 2
    assert "holds a run with another recipe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["student"],
            "unknown system 'student'; choose from: auxiliary, diffecho, echonet-synthetic, ",
        ),
        (["teacher", "clips"], "DATA is for generators; teacher draws its clips itself"),
        (["heads", "--codec", "vae"], "--codec is for generators; heads draws its clips itself"),
        (["auxiliary", "--precision", "bf16"], "--precision is for generators"),
        (["teacher:small"], "unknown system 'teacher:small'"),
        (["teacher", "--generator", "nothing"], "unknown generator to train from 'nothing'"),
        (["heads", "--clips", "9"], "--clips"),
        (["heads", "--student", "nobody"], "unknown model 'nobody'"),
        (["teacher", "--steps", "0"], "--steps"),
        (["teacher", "--batch", "0"], "--batch"),
        ([], "Missing argument 'system'"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["train", "--output", str(tmp_path / "run"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "run").exists()


def test_an_output_that_holds_something_else_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main(["train", "teacher", "--output", str(tmp_path), *TINY]) == 2
    assert "holds something else; choose another --output" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_heads_are_left_for_the_student_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("echodfkd.synth.cines.RATES_AND_FRAMES", ((10.0, 14),))  # quick
    line = ["train", "heads", "--clips", "10", "--steps", "2", "--output", str(tmp_path / "run")]
    assert main([*line, "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "EF on held-out clips: off by" in out
    assert "heads-default.safetensors" in out
    head = load_head(tmp_path / "run" / "heads.safetensors")
    assert head.student_sha256 == load_teacher("default", device="cpu").digest
    assert head.lv_limit is not None
    assert main([*line, "--device", "cpu", "--generator", "flow", "--resume"]) == 2
