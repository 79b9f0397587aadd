from pathlib import Path

import pytest

from echodfkd.cli import main
from echodfkd.clipset import ClipSet
from echodfkd.files import read_json

SMALL = ["--frames", "6", "--size", "64"]


def test_set_is_written_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "clips"
    options = ["--clips", "2", *SMALL, "--fps", "25", "--ef", "30:40", "--seed", "3"]
    assert main(["synth", str(root), *options]) == 0
    output = capsys.readouterr().out
    assert f"{root}: 2 clips (2 made in " in output
    assert f"next: echodfkd label {root} --teacher sim" in output
    clip = ClipSet.open(root).load("sim-3-000001")
    assert clip.frames.shape == (6, 64, 64)
    assert clip.fps == 25
    assert clip.mask is not None
    assert (clip.mask == 1).any(axis=(1, 2)).all(), "the LV is in every frame"


def test_second_run_makes_nothing_and_quiet_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["synth", str(tmp_path / "clips"), "--clips", "1", *SMALL]
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert main(arguments) == 0
    assert "1 clips (all of them made before)" in capsys.readouterr().out


def test_lossless_flag_writes_ffv1(tmp_path: Path) -> None:
    assert main(["synth", str(tmp_path / "clips"), "--clips", "1", *SMALL, "--lossless", "-q"]) == 0
    assert b"FFV1" in (tmp_path / "clips" / "Videos" / "sim-0-000000.avi").read_bytes()[:300]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--clips", "0"], "--clips must be at least 1, got 0"),
        (["--frames", "0"], "--frames must be at least 1, got 0"),
        (["--size", "63"], "--size must be an even number from 32 to 1024, got 63"),
        (["--size", "2048"], "--size must be an even number from 32 to 1024, got 2048"),
        (["--fps", "0.5"], "--fps must be from 1 to 500 Hz, got 0.5"),
        (["--fps", "nan"], "--fps must be from 1 to 500 Hz, got nan"),
        (["--ef", "70:20"], "--ef must have 5 <= LO <= HI <= 90, got '70:20'"),
        (["--ef", "1:50"], "--ef must have 5 <= LO <= HI <= 90, got '1:50'"),
        (["--ef", "50"], "--ef must be LO:HI in percent, such as 20:70, got '50'"),
        (["--format", "tar"], "unknown format 'tar'; choose from: echonet"),
        (["--generator", "nothing"], "unknown generator 'nothing'"),
        (["--workers", "0"], "--workers must be at least 1, got 0"),
        (["--view", "plax"], "plax"),
        (["--preset", "nobody"], "nobody"),
        (["--steps", "8"], "generator 'sim' has no option --steps"),
        (["--mask", "nowhere.png"], "--mask nowhere.png is no file"),
        (["--batch", "0"], "--batch must be at least 1, got 0"),
        (["--generator", "echonet-synthetic", "--weights", "/nowhere"], "--weights /nowhere is no folder"),
        (["--wombats", "3"], "--wombats"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["synth", str(tmp_path / "clips"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "clips").exists()


def test_occupied_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main(["synth", str(tmp_path), "--clips", "1"]) == 2
    assert "is not empty and holds no clip set; choose another OUTPUT" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_filter_privacy_says_and_writes_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training, root = tmp_path / "training", tmp_path / "clips"
    assert main(["synth", str(training), "--clips", "4", *SMALL, "--seed", "1", "-q"]) == 0
    capsys.readouterr()
    guarded = ["synth", str(root), "--clips", "2", *SMALL, "--filter-privacy", str(training)]
    assert main(guarded) == 0
    output = capsys.readouterr().out
    assert "privacy: 0 candidates rejected and drawn again; 0 of 2 clips are 0." in output
    assert "note: 4 training clips are few" in output
    assert read_json(root / "privacy.json")["training"]["clips"] == 4
    assert main(["synth", str(tmp_path / "plain"), "--clips", "2", *SMALL, "-q"]) == 0
    name = "sim-0-000001.avi"
    assert (root / "Videos" / name).read_bytes() == (tmp_path / "plain" / "Videos" / name).read_bytes()


def test_filter_privacy_redraws_a_set_that_is_its_own_training_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same seed again: every clip is a copy, and every one that is written is another."""
    training, root = tmp_path / "training", tmp_path / "clips"
    assert main(["synth", str(training), "--clips", "3", *SMALL, "-q"]) == 0
    assert main(["synth", str(root), "--clips", "3", *SMALL, "--filter-privacy", str(training)]) == 0
    assert "privacy: 3 candidates rejected and drawn again; 0 of 3 clips are" in capsys.readouterr().out


@pytest.mark.parametrize(("data", "message"), [("nowhere", "no such folder"), ("clips", "is OUTPUT itself")])
def test_filter_privacy_refuses_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: str, message: str
) -> None:
    root = tmp_path / "clips"
    assert main(["synth", str(root), "--clips", "1", *SMALL, "--filter-privacy", str(tmp_path / data)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not root.exists()


def test_a_generator_without_weights_says_which_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echodfkd.weights.FOLDER", tmp_path)
    assert main(["synth", str(tmp_path / "clips"), "--generator", "echonet-synthetic"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "lacks weights: generator-echonet-synthetic-vae.safetensors" in error
    assert not (tmp_path / "clips").exists()
