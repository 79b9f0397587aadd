import csv
import json
from pathlib import Path

import pytest
from dark_cavity import FPS, DarkCavity, beating, in_fan, save_clip
from foreign_networks import save_onnx

from echodfkd import teachers
from echodfkd.cli import main


@pytest.fixture(autouse=True)
def dark_cavity(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model here is a real segmenter for the clips here: bright tissue around a dark ellipse."""
    monkeypatch.setattr(teachers, "load_teacher", lambda name, device="auto", kind="model": DarkCavity(name))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return save_clip(tmp_path / "in" / "x.npz", in_fan(beating(45)[0]), fps=FPS, spacing_mm=(0.9, 0.9))


def out(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_one_clip(tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segment", str(clip), "--output", str(tmp_path / "out")]) == 0
    assert out(tmp_path / "out") == ["x.json", "x.mp4", "x.npz", "x.png"]
    found = json.loads((tmp_path / "out" / "x.json").read_text())
    assert found["model"]["name"] == "default"
    printed = capsys.readouterr()
    assert printed.out.startswith(f"x: EF {found['ef']:.0f} %")
    assert "warning" not in printed.err and "error" not in printed.err  # a slow machine shows progress


def test_guesses_about_the_model_are_said(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    model = f"{save_onnx(tmp_path / 'net.onnx')}*2+{save_onnx(tmp_path / 'other.onnx', low=90)}"
    line = ["segment", str(clip), "--model", model, "--output", str(tmp_path / "out")]
    assert main(line) == 0
    assert "warning: net+other: net: claim is unknown" in capsys.readouterr().err
    assert json.loads((tmp_path / "out" / "x.json").read_text())["model"]["name"] == "net+other"
    assert main([*line, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_default_folder(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["segment", str(clip), "--quiet"]) == 0
    assert "x.png" in out(tmp_path / "echodfkd-segment")


def test_options_reach_the_result(tmp_path: Path, clip: Path) -> None:
    options = ["--fps", "12.5", "--spacing", "0.5,0.6", "--crop", "0,0,112,112", "--flip"]
    assert main(["segment", str(clip), "--output", str(tmp_path / "out"), *options]) == 0
    found = json.loads((tmp_path / "out" / "x.json").read_text())
    assert (found["fps"], found["spacing_mm"], found["orientation"]) == (12.5, [0.5, 0.6], "flipped")


def test_a_folder_with_a_bad_file(tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clip.parent / "bad.gif").write_bytes(b"GIF89a no picture")
    assert main(["segment", str(clip.parent), "--output", str(tmp_path / "out")]) == 1
    assert out(tmp_path / "out") == ["summary.csv", "x.json", "x.mp4", "x.npz", "x.png"]
    with (tmp_path / "out" / "summary.csv").open(newline="") as stream:
        assert [(row["name"], row["status"]) for row in csv.DictReader(stream)] == [
            ("bad", "failed"),
            ("x", "ok"),
        ]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "bad.gif" in line


def test_anonymous_leaves_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save_clip(tmp_path / "in" / "jane-doe.npz", beating(12)[0])
    assert main(["segment", str(path.parent), "--anonymous", "--output", str(tmp_path / "out")]) == 0
    assert out(tmp_path / "out") == [
        "clip-0001.json",
        "clip-0001.mp4",
        "clip-0001.npz",
        "clip-0001.png",
        "summary.csv",
    ]
    for file in (tmp_path / "out").iterdir():
        assert b"jane" not in file.read_bytes()
    printed = capsys.readouterr()
    assert "jane" not in printed.out + printed.err


def test_warnings_are_said_unless_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save_clip(tmp_path / "still.npz", beating(1)[0])
    assert main(["segment", str(path), "--output", str(tmp_path / "out")]) == 0
    assert "warning: still: A single frame: a mask, but no beat and no EF." in capsys.readouterr().err
    assert main(["segment", str(path), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--spacing", "0.4"], "--spacing must be R,C: two numbers in mm"),
        (["--spacing", "0.4,-1"], "--spacing must be two numbers in mm between 0 and 100"),
        (["--spacing", "nan,1"], "--spacing must be R,C"),
        (["--fps", "0"], "--fps must be between 0 and 10000 Hz, got 0"),
        (["--crop", "1,2,3"], "--crop must be X,Y,W,H"),
        (["--crop", "0,0,0,10"], "--crop must be X,Y,W,H"),
        (["--crop", "0,0,1.5,10"], "--crop must be X,Y,W,H"),
        (["--crop", "500,500,10,10"], "has no pixel of the 112x112 frame"),
    ],
)
def test_bad_arguments(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["segment", str(clip), "--output", str(tmp_path / "out"), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segment", str(tmp_path / "none.avi")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "none.avi" in line


def test_it_never_overwrites_its_input(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = clip.read_bytes()
    assert main(["segment", str(clip), "--output", str(clip.parent)]) == 2
    assert "would overwrite its input" in capsys.readouterr().err
    assert clip.read_bytes() == before
