import json
import re
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

import echodfkd.cli.demo
import echodfkd.distill.distill
from echodfkd.cli import main

SMALL = {"TRAIN_CLIPS": 4, "TEST_CLIPS": 2, "FRAMES": 10, "STEPS": 6}


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(echodfkd.cli.demo, name, value)
        patch.setattr(echodfkd.distill.distill, "HELD_OUT_CLIPS", 4)
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo over the remains of an earlier one."""
    output = tmp_path_factory.mktemp("demo") / "demo"
    output.mkdir()
    (output / ".echodfkd-demo").write_text("an earlier demo")
    (output / "student").mkdir()
    (output / "student" / "old.txt").write_text("of the earlier demo")
    assert main(["demo", "--output", str(output), "--device", "cpu", "--quiet"]) == 0
    return output


def test_every_stage_leaves_its_part(made: Path) -> None:
    names = {"clips", "test-clips", "student", "eval", "export", "real", "report.html", ".echodfkd-demo"}
    assert {path.name for path in made.iterdir()} == names
    assert len(list((made / "clips" / "Videos").glob("*.avi"))) == 4
    assert len(list(made.glob("clips/Labels/sim-*/*.npz"))) == 4
    assert (made / "student" / "student.safetensors").is_file()
    assert not (made / "student" / "old.txt").exists()
    assert {path.suffix for path in (made / "real").iterdir() if path.stem == "examples_ybr_color"} == {
        ".npz", ".json", ".mp4", ".png"
    }  # fmt: skip
    (exported,) = (made / "export").glob("*.onnx")
    onnx.checker.check_model(str(exported))


def test_the_students_are_judged_on_clips_they_never_saw(made: Path) -> None:
    written = json.loads((made / "eval" / "metrics.json").read_text())
    names = [result["model"]["name"] for result in written["results"]]
    assert names == ["demo student", "embedded student", "sim"]
    assert {result["clips"] for result in written["results"]} == {2}
    train, test = (
        {path.stem for path in (made / name / "Videos").iterdir()} for name in ("clips", "test-clips")
    )
    assert not train & test


def test_the_report_tells_the_whole_road_and_stands_alone(made: Path) -> None:
    page = (made / "report.html").read_text()
    for heading in ("A real clip", "Synthetic clips", "Training", "Scores", "Ejection fraction and timing"):
        assert re.search(rf"<h2[^>]*>{heading}</h2>", page), heading
    assert "the figures show how well they know their own world" in page
    assert "Research use only, not for diagnosis." in page
    assert "<script" not in page
    addresses = re.findall(r"""(?:src|srcset|href)=["']([^"']*)""", page)
    assert all(address.startswith(("data:", "#")) for address in addresses)


def test_the_training_curve_shows_the_agreement_with_the_teacher(made: Path) -> None:
    page = (made / "report.html").read_text()
    assert "agreement (Dice)" in page


def test_a_folder_with_something_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main(["demo", "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path} holds something else; choose another --output\n"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    assert main(["demo", "--output", str(tmp_path / "thesis.tex")]) == 2
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
