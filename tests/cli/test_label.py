from pathlib import Path

import pytest

from echodfkd.cli import main
from echodfkd.clipset import ClipSet
from echodfkd.files import read_json


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("label") / "clips"
    assert main(["synth", str(root), "--clips", "2", "--frames", "4", "--size", "96", "--quiet"]) == 0
    return root


def test_embedded_teacher_labels_a_set(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["label", str(clips), "--teacher", "sim", "--device", "cpu"]
    assert main(arguments) == 0
    (folder,) = (clips / "Labels").iterdir()
    assert folder.name.startswith("sim-")
    assert len(folder.name) == len("sim-") + 8
    output = capsys.readouterr().out
    assert f"{folder}: 2 clips labelled in " in output
    data = ClipSet.open(clips)
    assert data.load_labels(data.records[0], folder).shape == (4, 96, 96)
    assert read_json(folder / "manifest.json")["teacher_sha256"].startswith(folder.name[-8:])
    assert main(arguments) == 0
    assert "0 clips labelled" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--teacher", "sim"], "no such folder"),
        ([], "--teacher"),
    ],
)
def test_bad_arguments_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["label", str(tmp_path / "absent"), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_unknown_teacher_is_named(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(clips), "--teacher", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


def test_corrupt_clip_is_warned_of(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "damaged"
    main(["synth", str(root), "--clips", "2", "--frames", "4", "--size", "64", "--quiet"])
    (root / "Videos" / "sim-0-000001.avi").write_bytes(b"no video")
    assert main(["label", str(root), "--teacher", "sim", "--device", "cpu"]) == 0
    assert "warning: 1 unreadable, skipped: sim-0-000001" in capsys.readouterr().err
