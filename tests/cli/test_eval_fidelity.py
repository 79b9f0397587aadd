"""`echodfkd eval --fidelity`."""

import json
import shutil
from pathlib import Path

import pytest

from echodfkd.cli import main


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fidelity") / "clips"
    line = ["synth", str(root), "--clips", "8", "--frames", "8", "--size", "64", "--fps", "12", "--quiet"]
    assert main(line) == 0
    return root


@pytest.fixture(scope="module")
def bare(clips: Path) -> Path:
    """The same clips without labels."""
    return shutil.copytree(clips / "Videos", clips.parent / "bare")


def test_beside_the_models_rows(
    clips: Path, bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["eval", "tiny", str(clips), "--fidelity", str(bare), "--features", "tiny", "--device", "cpu"]
    assert main([*line, "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "tiny against labels (accuracy), 8 clips" in out
    assert "clips beside bare, 8 and 8 clips, features of tiny\n  Kernel distance" in out.replace(
        "  Fréchet distance", "  Kernel distance"
    )
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert len(written["results"]) == 1
    found = written["fidelity"]
    assert (found["synthetic"], found["reference"]) == ("clips", "bare")
    assert found["figures"]["nearest_median"]["value"] > 0.99  # the very same clips
    assert found["figures"]["copies"]["value"] == 1
    page = (tmp_path / "report.html").read_text()
    assert page.index("Fidelity of the clips") < page.index("Manifest")


def test_without_labels_or_a_judge_fidelity_stands_alone(
    bare: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["eval", "tiny", str(bare), "--fidelity", str(clips), "--features", "tiny", "--device", "cpu"]
    assert main([*line, "--output", str(tmp_path)]) == 0
    assert "no labels and no judge, so the models are not scored" in capsys.readouterr().err
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert (written["results"], written["judged"]) == ([], [])
    assert written["fidelity"]["figures"]["kernel_clips"]["n"] == 8
    assert "Fidelity of bare" in (tmp_path / "report.html").read_text()


def test_downstream_stands_first_and_says_its_budget(
    bare: Path,
    clips: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from echodfkd.eval.fidelity import downstream

    monkeypatch.setattr(downstream.Budget.__init__, "__defaults__", ("micro", 2, 2, 0, 2))
    line = ["eval", "tiny", str(bare), "--fidelity", str(clips), "--features", "tiny", "--downstream"]
    assert main([*line, "--device", "cpu", "--output", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert "--downstream trains twice: student micro, 2 steps" in shown.err
    found = json.loads((tmp_path / "metrics.json").read_text())["fidelity"]
    assert next(iter(found["figures"])) == "downstream_dice"
    assert "downstream_dice" in found["between_halves_of_the_reference"]
    assert "of 2 clips of clips;" in found["figures"]["downstream_dice"]["definition"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--features", "sim"], 2, "--features needs --fidelity REFERENCE_DATA"),
        (["--downstream"], 2, "--downstream needs --fidelity REFERENCE_DATA"),
        (["--fidelity", "nowhere"], 2, "no such folder: nowhere"),
        (["--fidelity", "DATA", "--features", "i3d"], 2, "unknown features 'i3d'"),
        (["--fidelity", "DATA", "--features", "FILE"], 1, "not a usable ONNX file"),
        (["--fidelity", "FEW", "--features", "tiny"], 1, "few holds 2 clips; comparing sets needs 8 of each"),
    ],
)
def test_bad_arguments_are_one_line(
    bare: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    (tmp_path / "file.onnx").write_bytes(b"no network")
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted(bare.iterdir())[:2]:
        shutil.copy(path, few)
    words = {"DATA": str(bare), "FILE": str(tmp_path / "file.onnx"), "FEW": str(few)}
    line = ["eval", "tiny", str(bare), *(words.get(word, word) for word in arguments)]
    assert main([*line, "--output", str(tmp_path / "out"), "--device", "cpu", "--quiet"]) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "out").exists()
