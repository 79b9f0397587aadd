import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from foreign_networks import save_onnx

import echodfkd.cli.export
from echodfkd.cli import main
from echodfkd.readers.example import example_cine
from echodfkd.students.checkpoint import sha256
from echodfkd.students.load import load_student
from echodfkd.weights import embedded_path


@pytest.fixture(autouse=True, scope="module")
def few_clips_to_check() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(echodfkd.cli.export, "CHECK_CLIPS", 1)
        yield


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("export") / "exported"
    assert main(["export", "default", "--output", str(output), "--device", "cpu", "--quiet"]) == 0
    return output


def test_the_embedded_student_is_exported_and_checked(exported: Path) -> None:
    assert {path.name for path in exported.iterdir()} == {
        "default.onnx",
        "default.head.onnx",
        "export.json",
        "README.md",
        "example.npy",
    }
    facts = json.loads((exported / "export.json").read_text())
    assert (facts["file"], facts["format"]) == ("default.onnx", "onnx")
    assert facts["bytes"] == (exported / "default.onnx").stat().st_size
    assert facts["model"]["sha256"] == sha256(embedded_path("student-default"))
    assert facts["parity"]["dice"] >= 0.999
    assert facts["parity"]["largest_difference"] <= 2
    assert facts["parity"]["frames"] == 8 + 30
    assert facts["parity"]["clips"] == ["sim-0-000000", example_cine().name]


def test_the_file_does_what_the_student_does(exported: Path) -> None:
    frames = example_cine().frames[:5]
    ours = load_student(str(exported / "default.onnx")).predict(frames)
    theirs = load_student("default", "cpu").predict(frames)
    assert np.abs(ours.astype(int) - theirs).max() <= 2


def test_an_export_is_no_source_of_exports(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(exported / "default.onnx"), "--output", str(tmp_path / "again")]) == 1
    assert "is an exported file already" in capsys.readouterr().err
    assert main(["export", str(save_onnx(tmp_path / "net.onnx")), "--output", str(tmp_path / "again")]) == 1
    assert "error: net is an exported file already" in capsys.readouterr().err
    assert main(["export", "sim+tiny", "--output", str(tmp_path / "again")]) == 2
    assert "sim+tiny is 2 models: export each, or a student distilled from them" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "unknown model 'nobody'; choose from: "),
        (["default", "--format", "tflite"], "unknown export format 'tflite'; choose from: executorch, onnx"),
        (["default", "--output", "FILE"], "is a file; --output names a folder"),
        ([], "Missing argument 'model'"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    line = [str(file) if word == "FILE" else word for word in arguments]
    assert main(["export", *line, *([] if "FILE" in arguments else ["--output", str(tmp_path / "out")])]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "mine"
