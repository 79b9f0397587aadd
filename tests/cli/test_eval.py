import json
import shutil
from pathlib import Path

import pytest
from foreign_networks import save_onnx

from echodfkd.cli import main


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("eval") / "clips"
    assert main(["synth", str(root), "--clips", "2", "--frames", "12", "--fps", "12", "--quiet"]) == 0
    return root


def test_models_against_labels_and_a_teacher(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results"
    line = ["eval", "default", "sim", str(clips), "--teacher", "sim", "--output", str(output)]
    assert main([*line, "--device", "cpu"]) == 0
    assert {path.name for path in output.iterdir()} == {"metrics.json", "per_clip.csv", "report.html"}
    written = json.loads((output / "metrics.json").read_text())
    assert written["data"] == {"data": clips.name, "clips": 2, "generator": "sim"}
    assert [(r["model"]["name"], r["reference"], r["word"]) for r in written["results"]] == [
        ("default", "labels", "accuracy"), ("default", "teacher sim", "agreement"),
        ("sim", "labels", "accuracy"), ("sim", "teacher sim", "agreement"),
    ]  # fmt: skip
    itself = written["results"][3]
    assert itself["figures"]["dice"]["value"] == 1.0
    assert itself["figures"]["dice"]["n"] == 24
    assert itself["model"]["claim"] == "real-free"
    assert itself["model"]["parameters"] > 1_000_000
    out = capsys.readouterr().out
    assert "sim against teacher sim (agreement), 2 clips\n  Dice per image: 1.0000  [1, 1]\n" in out
    assert out.endswith(f"{output / 'report.html'}\n")


def test_quiet_and_a_set_without_labels(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare, output = tmp_path / "bare", tmp_path / "out"
    shutil.copytree(clips / "Videos", bare)
    line = ["eval", "default", str(bare), "--output", str(output), "--quiet"]
    assert main(line) == 1
    error = capsys.readouterr().err
    assert "'sim-0-000000' has no labels" in error
    assert "--teacher sim --reference teacher" in error
    assert "--auxiliary NAME" in error
    assert not output.exists()
    assert main([*line, "--teacher", "default", "--reference", "teacher"]) == 0
    assert capsys.readouterr().out == ""
    (result,) = json.loads((output / "metrics.json").read_text())["results"]
    assert (result["reference"], result["figures"]["dice"]["value"]) == ("teacher default", 1.0)


def test_several_teachers_judge_as_one(clips: Path, tmp_path: Path) -> None:
    line = ["eval", "tiny", str(clips), "--reference", "teacher", "--quiet", "--device", "cpu"]
    found = []
    for name, teachers in (("apart", ["tiny*3", "default"]), ("together", ["tiny*3+default"])):
        arguments = [word for teacher in teachers for word in ("--teacher", teacher)]
        assert main([*line, *arguments, "--output", str(tmp_path / name)]) == 0
        (result,) = json.loads((tmp_path / name / "metrics.json").read_text())["results"]
        assert result["reference"] == "teacher tiny+default"
        found.append(result["figures"]["dice"]["value"])
    assert found[0] == found[1] < 1.0


def test_an_unreadable_clip_is_skipped_and_listed(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged, output = shutil.copytree(clips, tmp_path / "damaged"), tmp_path / "out"
    (damaged / "Videos" / "sim-0-000000.avi").write_bytes(b"no video")
    assert main(["eval", "tiny", str(damaged), "--output", str(output), "--device", "cpu"]) == 0
    assert "warning: 1 unreadable, skipped: sim-0-000000\n" in capsys.readouterr().err
    written = json.loads((output / "metrics.json").read_text())
    assert list(written["corrupt"]) == ["sim-0-000000"]
    assert written["results"][0]["clips"] == 1
    page = (output / "report.html").read_text()
    assert "1 more could not be read and was skipped." in page
    assert "skipped as unreadable.sim-0-000000" in page


def test_guesses_and_unknown_size_of_a_foreign_network_are_said(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = save_onnx(tmp_path / "net.onnx")
    line = ["eval", str(network), str(clips), "--output", str(tmp_path / "out"), "--device", "cpu"]
    assert main(line) == 0
    out, err = capsys.readouterr()
    assert "warning: net: claim is unknown" in err
    assert "Parameters: unknown" in out
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert written["results"][0]["model"]["parameters"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name at least one model and then the clip set: echodfkd eval default DATA"),
        (["default"], "no such folder"),
        (["nobody", "CLIPS"], "unknown model 'nobody'"),
        (["default", "CLIPS", "--split", "HOLD"], "unknown split 'HOLD'"),
        (["default", "CLIPS", "--reference", "people"], "unknown reference 'people'; choose from: labels,"),
        (["default", "CLIPS", "--reference", "teacher"], "the reference 'teacher' needs --teacher NAME"),
        (["default", "CLIPS", "--teacher", "nobody"], "unknown teacher 'nobody'"),
        (["default", "CLIPS", "--output", "FILE"], "is a file; --output names a folder"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    line = [{"CLIPS": str(clips), "FILE": str(file)}.get(word, word) for word in arguments]
    if len(line) < 2:
        line.append(str(tmp_path / "absent"))
    assert main(["eval", *line, *([] if "FILE" in arguments else ["--output", str(tmp_path / "out")])]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "out").exists()
    assert file.read_text() == "mine"
