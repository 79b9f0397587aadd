"""Training runs that are killed without warning, alone and as one of two processes, and started again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from launch import HERE, TIMEOUT_S, environment, finished, printed, torchrun
from training_job import STEPS

from echodfkd.distill.history import Row

JOB = str(HERE / "training_job.py")
pytestmark = pytest.mark.timeout(900)


def rows(run: Path) -> list[Row]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def wait_for_a_checkpoint(run: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not (run / "checkpoints" / "last.pt").is_file():
        assert process.poll() is None, finished(process)[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alone(run: Path, delay: float = 0.0) -> subprocess.Popen[str]:
    line = [sys.executable, JOB, str(run), str(delay)]
    return subprocess.Popen(
        line, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run of one process."""
    run = tmp_path_factory.mktemp("whole") / "run"
    code, errors = finished(alone(run))
    assert code == 0, errors
    return run


def test_a_killed_run_ends_with_the_bytes_of_an_undisturbed_one(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = alone(run, delay=0.1)
    wait_for_a_checkpoint(run, process)
    process.kill()
    assert finished(process)[0] == -signal.SIGKILL
    assert not (run / "student.safetensors").exists()
    code, errors = finished(alone(run))
    assert code == 0, errors
    assert (run / "student.safetensors").read_bytes() == (whole / "student.safetensors").read_bytes()
    assert [(row["loss"], row["dice"]) for row in rows(run)][-1] == [
        (row["loss"], row["dice"]) for row in rows(whole)
    ][-1]


def test_two_processes_train_one_student_and_go_on_after_a_kill(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    cut = torchrun(2, [JOB, str(run), "0.1"], tmp_path / "log-of-killed")
    wait_for_a_checkpoint(run, cut)
    ranks = {child.environ().get("RANK"): child.pid for child in psutil.Process(cut.pid).children()}
    os.kill(ranks["1"], signal.SIGKILL)
    assert finished(cut)[0] != 0
    assert not (run / "student.safetensors").exists()
    before = rows(run) if (run / "metrics.jsonl").is_file() else []
    code, errors = finished(torchrun(2, [JOB, str(run)], tmp_path / "log"))
    assert code == 0, errors + printed(tmp_path / "log", 1, "stderr")
    said = [json.loads(printed(tmp_path / "log", rank)) for rank in (0, 1)]
    assert [(one["rank"], one["world"]) for one in said] == [(0, 2), (1, 2)]
    assert [row["dice"] for row in said[0]["rows"]] == [row["dice"] for row in said[1]["rows"]]
    together, single = rows(run), rows(whole)
    assert together[: len(before)] == before  # what was there is gone on with
    assert [row["step"] for row in together] == [row["step"] for row in single]
    assert together[-1]["step"] == STEPS
    # the same clips in every step, other noise and batch norm: nearly the same curve, not the same bytes
    for ours, theirs in zip(together, single, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.15)
    assert together[-1]["loss"] < 0.8 * together[0]["loss"]
    assert json.loads((run / "manifest.json").read_text())["processes"] == 2
