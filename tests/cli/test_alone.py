import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from echodfkd.cli import main

ALONE = ["distill", "--teacher", "tiny", "--generator", "adversarial", "--device", "cpu"]


def test_a_teacher_alone_makes_a_student(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    line = [*ALONE, "--student", "tiny", "--batch", "1", "--steps", "1", "--seed", "3", "--output", str(run)]
    assert main(line) == 0
    out = capsys.readouterr().out
    assert "step 1: loss " in out
    assert f"{run}: student distilled from tiny alone (real-free)\n" in out
    request = json.loads((run / "manifest.json").read_text())["request"]
    assert (request["teacher"], request["generator"]) == ("tiny", "adversarial")
    assert (request["recipe"]["steps"], request["recipe"]["batch"], request["recipe"]["seed"]) == (1, 1, 3)
    assert "clips" not in request
    assert main(line) == 2
    assert "add --resume to go on with it" in capsys.readouterr().err
    assert main([*line, "--resume", "--quiet"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--clips", "2000"], "--generator adversarial needs the teacher alone; leave --clips out"),
        (["--exact", "0.5"], "leave --exact out"),
        (["--keep", "folder", "--start", "x.safetensors"], "leave --keep and --start out"),
        (["folder"], "leave DATA out"),
        (["--teacher", "default"], "distils from one teacher; give --teacher once"),
        (["--student", "resnet"], "unknown student 'resnet'"),
    ],
)
def test_what_is_about_clips_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], message: str
) -> None:
    assert main([*ALONE, "--output", str(tmp_path / "run"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "run").exists()


def test_teachers_without_gradients_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = [
        "distill",
        "--teacher",
        "default+tiny",
        "--generator",
        "adversarial",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(line) == 2
    error = capsys.readouterr().err
    assert "teacher 'default+tiny' is no torch network that gradients can flow through" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()
