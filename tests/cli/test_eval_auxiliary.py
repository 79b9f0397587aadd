"""`echodfkd eval --auxiliary`."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from dark_cavity import DarkCavity
from small_clip import save_clip_model

from echodfkd.cli import main
from echodfkd.cli.auxiliary import Judging
from echodfkd.clipset import ClipSet


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("eval") / "clips"
    assert main(["synth", str(root), "--clips", "2", "--frames", "12", "--fps", "12", "--quiet"]) == 0
    return root


@pytest.fixture(scope="module")
def bare(clips: Path) -> Path:
    """The same clips without labels."""
    return shutil.copytree(clips / "Videos", clips.parent / "bare")


@pytest.fixture(scope="module")
def clip_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip_model(tmp_path_factory.mktemp("models") / "small-clip", size=64)


def test_an_image_text_model_judges_clips_without_labels(
    bare: Path, clip_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, prompts = tmp_path / "out", tmp_path / "prompts.json"
    prompts.write_text('{"ef": ["EF <#>"], "wall": "MUSCLE"}')
    line = ["eval", "tiny", str(bare), "--auxiliary", str(clip_model), "--prompts", str(prompts)]
    assert main([*line, "--output", str(output), "--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    assert "the prompts file does not say closed, open, nothing, left_ventricle: the usual words" in err
    assert "tiny judged by small-clip (its training data is unknown), 2 clips\n  Mask score: " in out
    assert "ED and ES from auxiliary small-clip" in out
    written = json.loads((output / "metrics.json").read_text())
    assert written["results"] == []
    (judged,) = written["judged"]
    assert judged["word"] == "judged by small-clip (its training data is unknown)"
    assert (judged["form"], judged["auxiliary"]["kind"], judged["clips"]) == ("corrected", "text-image", 2)
    for name in ("mask_score", "mask_score_null", "mask_score_oversized", "ef_mae", "es_error_frames"):
        figure = judged["figures"][name]
        assert len(figure["interval_95"]) == 2
        assert figure["definition"]
        assert figure["n"] > 0
    assert judged["figures"]["mask_score_null"]["value"] == 0.0
    with (output / "per_clip.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["reference"], row["model"]) for row in rows] == [("auxiliary small-clip", "tiny")] * 2
    assert all(float(row["mask_score"]) for row in rows)
    page = (output / "report.html").read_text()
    assert "Judged by small-clip (its training data is unknown)" in page
    assert "neither accuracy nor agreement" in page


def test_published_scores_of_it(bare: Path, clip_model: Path, tmp_path: Path) -> None:
    line = ["eval", "tiny", str(bare), "--auxiliary", str(clip_model), "--published", "--quiet"]
    assert main([*line, "--output", str(tmp_path / "out"), "--device", "cpu"]) == 0
    (judged,) = json.loads((tmp_path / "out" / "metrics.json").read_text())["judged"]
    assert judged["form"] == "published"
    assert judged["figures"]["mask_score_null"]["value"] != 0.0


def test_a_segmenter_as_auxiliary_beside_labels(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["eval", "tiny", str(clips), "--auxiliary", "tiny", "--device", "cpu"]
    assert main([*line, "--output", str(tmp_path / "out")]) == 0
    assert "tiny against auxiliary tiny (agreement), 2 clips" in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())["results"]
    assert [result["reference"] for result in found] == ["labels", "auxiliary tiny"]
    assert found[1]["figures"]["dice"]["value"] == 1.0


def test_what_else_is_compared_with(clips: Path, bare: Path) -> None:
    labelled, unlabelled = ClipSet.open(clips), ClipSet.open(bare)
    judging, nobody = Judging(DarkCavity(), False, True), Judging(None, False, False)
    assert judging.other_references(labelled, None, True) == ["labels", "teacher"]
    assert judging.other_references(unlabelled, None, True) == ["teacher"]
    assert judging.other_references(unlabelled, None, False) == []
    assert judging.other_references(labelled, "auxiliary", True) == []
    assert judging.other_references(unlabelled, "labels", False) == ["labels"]  # asked for: an error later
    assert nobody.other_references(unlabelled, None, False) == ["labels"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--published"], 2, "--published needs --auxiliary NAME"),
        (["--prompts", "FILE"], 2, "--prompts needs --auxiliary NAME"),
        (["--reference", "auxiliary"], 2, "--reference auxiliary needs --auxiliary NAME"),
        (["--reference", "people", "--auxiliary", "tiny"], 2, "choose from: labels, teacher, auxiliary"),
        (["--validate-auxiliary"], 2, "--validate-auxiliary needs --auxiliary NAME"),
        (["--auxiliary", "nobody"], 2, "unknown auxiliary model 'nobody'"),
        (["--auxiliary", "tiny", "--published"], 2, "--published is for image-text models; tiny is none"),
        (["--auxiliary", "tiny", "--prompts", "FILE"], 2, "--prompts is for image-text models"),
        (["--auxiliary", "echoclip"], 1, "or name it: --auxiliary hf-hub:mkaichristensen/echo-clip"),
        (["--auxiliary", "CLIP", "--prompts", "FILE"], 1, "unknown key 'walls'"),
        (["--auxiliary", "FILE"], 1, "models are read from run folders and"),
    ],
)
def test_bad_arguments_are_one_line(
    clips: Path,
    clip_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path / "home"))
    file = tmp_path / "prompts.json"
    file.write_text('{"walls": "x"}')
    words = [{"FILE": str(file), "CLIP": str(clip_model)}.get(word, word) for word in arguments]
    line = ["eval", "tiny", str(clips), *words, "--output", str(tmp_path / "out"), "--device", "cpu"]
    assert main(line) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "out").exists()


def test_the_embedded_judge_is_validated_offline(
    clips: Path, bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, words = tmp_path / "out", ["--validate-auxiliary", "--device", "cpu"]
    line = ["eval", "tiny", str(clips), "--auxiliary", "simclip", *words, "--output", str(out)]
    assert main(line) == 0
    shown = capsys.readouterr().out
    assert "tiny judged by simclip (not independent: trained on the same simulator" in shown
    assert "| area alone |" in shown
    found = json.loads((out / "validation.json").read_text())
    assert found["models"] == ["tiny", "default", "sim"]
    assert "not independent" in found["auxiliary"]["note"]
    judges = found["judges"]
    assert judges["auxiliary"]["within clips"]["spearman"] > 0.6
    assert judges["auxiliary"]["all"]["spearman"] > judges["area alone"]["all"]["spearman"]
    assert (out / "validation.md").read_text().splitlines()[0] in shown
    line = ["eval", "tiny", str(bare), "--auxiliary", "simclip", *words, "--output", str(tmp_path / "bare")]
    assert main(line) == 1
    assert "--validate-auxiliary needs exact masks" in capsys.readouterr().err


def test_reverse_classification_accuracy_needs_no_labels(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["eval", "tiny", str(bare), "--auxiliary", "rca", "--output", str(tmp_path), "--device", "cpu"]
    assert main(line) == 0
    assert "tiny judged by rca (not independent" in capsys.readouterr().out
    (judged,) = json.loads((tmp_path / "metrics.json").read_text())["judged"]
    assert 0.5 < judged["figures"]["rca"]["value"] < 1
