import io
import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from sim_clips import Exact, save_folder, sim_clips

from echodfkd.eval.real import EVENTS_FROM, find_clips, score_folder
from echodfkd.eval.real_outputs import summary
from echodfkd.students.checkpoint import save_network
from echodfkd.students.networks import build_network

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "score_real.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_folder(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def exact(folder: Path) -> dict[str, Any]:
    model = Exact(sim_clips(3))
    return summary(model, score_folder(folder, find_clips(folder), model))


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_printed(exact: dict[str, Any], terminal: bool) -> None:
    console = Console(force_terminal=terminal, record=True, width=250, file=io.StringIO())
    SCRIPT["show"](exact, console)
    text = console.export_text()
    assert ("━" in text) == terminal
    assert EVENTS_FROM in text
    assert exact["clips_with_masks"][0]["clip"] in text
    assert "ef_auroc" in text
    assert terminal or "dice 1, dice_worst_frame 1" in text


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's file; what it finds is nonsense, which has to be reported all the same."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "untrained.safetensors"
    config = {"architecture": "default", "claim": "real-free", "convention": "echonet", "size": 64}
    save_network(build_network("default"), config, path)
    return path


def test_a_model_file_and_the_json_file(
    folder: Path, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "figures.json"
    arguments = [str(folder), "--model", str(untrained), "--device", "cpu", "--reference-events", "mask"]
    assert SCRIPT["main"]([*arguments, "--json", str(target)]) == 0
    written = json.loads(target.read_text(encoding="utf-8"))
    (result,) = written["results"]
    assert result["model"]["name"] == "untrained"
    dice = result["over_masks"]["dice_clip"]
    assert dice["n"] == len(result["clips_with_masks"]) == 2
    assert dice["value"] < 0.5
    assert dice["interval_95"] is None  # two clips are too few
    assert result["clips_with_ef"][0]["ef_true"] == 45
    assert written["software"]
    assert f"dice_clip: value {dice['value']:g}, interval_95 -" in capsys.readouterr().out


def test_errors_are_one_line(untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(tmp_path), "--model", str(untrained), "--device", "cpu"]
    assert SCRIPT["main"](arguments) == 1
    np.savez(tmp_path / "masks.npz", mask=np.zeros((2, 8, 8), bool))
    assert SCRIPT["main"](arguments) == 1
    assert SCRIPT["main"]([str(tmp_path), "--model", "nonsense"]) == 2
    empty, no_video, no_model = capsys.readouterr().err.splitlines()
    assert empty.startswith("error:")
    assert "no .npz file" in empty
    assert "holds no `video` array" in no_video
    assert "unknown model 'nonsense'" in no_model
