import csv
import json
import re
from pathlib import Path

import pytest
from dark_cavity import DarkCavity
from moving_ellipse import MovingEllipse

from echodfkd.clipset import ClipSet
from echodfkd.eval.figures import METRICS
from echodfkd.eval.metrics_file import metrics, word
from echodfkd.eval.outputs import size_name, write_outputs
from echodfkd.eval.report.results import SHARED_WORLD, report_scores
from echodfkd.eval.run import ModelScores, evaluate
from echodfkd.synth.write import write_clip_set

FACTS = {"data": "clips", "clips": 2, "generator": "ellipse"}
COLUMNS = [
    "model", "reference", "clip", "frames", "dice", "dice_ed", "dice_es", "iou", "hd95", "assd",
    "distance_unit", "area_error_percent", "ed_errors", "ed_missed", "ed_false", "ed_afd", "es_errors",
    "es_missed", "es_false", "es_afd", "ef", "ef_reference", "warnings",
]  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    root = tmp_path_factory.mktemp("outputs") / "clips"
    write_clip_set(MovingEllipse(), root, clips=2, lossless=True)
    return ClipSet.open(root)


@pytest.fixture(scope="module")
def results(clips: ClipSet) -> list[ModelScores]:
    guide = DarkCavity(name="guide", size=64)
    return evaluate([DarkCavity(size=64)], clips, teacher=guide, references=["labels", "teacher"])


@pytest.fixture(scope="module")
def folder(results: list[ModelScores], clips: ClipSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("outputs") / "new" / "folder"
    write_outputs(output, results, FACTS, [clips.load(record) for record in clips.records])
    return output


def test_three_files_and_nothing_else(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"metrics.json", "per_clip.csv", "report.html"}


def test_every_figure_has_its_definition_number_and_interval(
    folder: Path, results: list[ModelScores]
) -> None:
    written = json.loads((folder / "metrics.json").read_text())
    assert written["data"] == FACTS
    labels = written["results"][0]
    assert labels["model"]["sha256"] == "ab" * 32
    assert (labels["model"]["claim"], labels["model"]["parameters"]) == ("real-free", None)
    definitions = {metric.name: metric.definition for metric in METRICS}
    assert {name: figure["definition"] for name, figure in labels["figures"].items()} == {
        name: text for name, text in definitions.items() if name in labels["figures"]
    }
    dice = labels["figures"]["dice"]
    assert (dice["n"], dice["of"]) == (16, "images")  # 2 clips of 8
    assert dice["value"] == round(results[0].value("dice"), 5)
    low, high = dice["interval_95"]
    assert low <= dice["value"] <= high
    assert labels["clips"] == 2


def test_models_are_held_against_each_other(clips: ClipSet, tmp_path: Path) -> None:
    """Identical ones differ by nothing, with p 1, in the file and on the page."""
    results = evaluate([DarkCavity(size=64), DarkCavity(size=64)], clips)
    write_outputs(tmp_path, results, FACTS, [])
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert [result["model"]["name"] for result in written["results"]] == ["dark-cavity", "dark-cavity (2)"]
    assert [one["metric"] for one in written["comparisons"]] == ["dice", "ef_error"]
    for one in written["comparisons"]:
        assert (one["first"], one["second"]) == ("dark-cavity", "dark-cavity (2)")
        assert (one["difference"], one["interval_95"], one["p_wilcoxon"], one["n"]) == (0, [0, 0], 1, 2)
    page = (tmp_path / "report.html").read_text()
    assert "Model against model" in page
    assert page.count("no difference shown") == 2


def test_the_published_table_is_there_with_its_caution(folder: Path) -> None:
    table = json.loads((folder / "metrics.json").read_text())["published"]
    assert len(table["models"]) == 19
    page = (folder / "report.html").read_text()
    assert "EchoDFKD (WACV 2025, arXiv 2409.07566)" in page
    assert "they do not compare directly" in page
    assert "SimLVSeg" in page


def test_what_must_be_known_is_noted(folder: Path, clips: ClipSet) -> None:
    labels, taught = json.loads((folder / "metrics.json").read_text())["results"]
    note = "ED and ES of teacher guide are read off its own area curve: they are not human events."
    assert (labels["notes"], taught["notes"]) == ([], [note])
    assert note in (folder / "report.html").read_text()
    one = evaluate([DarkCavity(size=64)], ClipSet(clips.root, clips.records[:1]))
    assert metrics(one, {})["results"][0]["notes"] == ["One clip only: no bootstrap interval can be given."]


def test_files_of_sizes_have_plain_names() -> None:
    assert size_name() == "size.csv"
    assert size_name("runs/my net (2)") == "size-runs_my_net_2_.csv"


def test_only_labels_make_it_accuracy(folder: Path) -> None:
    written = json.loads((folder / "metrics.json").read_text())["results"]
    assert [(r["reference"], r["word"]) for r in written] == [
        ("labels", "accuracy"),
        ("teacher guide", "agreement"),
    ]
    assert (word("labels"), word("teacher labels")) == ("accuracy", "agreement")


def test_one_clip_has_no_interval(clips: ClipSet) -> None:
    one = evaluate([DarkCavity(size=64)], ClipSet(clips.root, clips.records[:1]))
    figures = metrics(one, {})["results"][0]["figures"]
    assert figures["dice"]["n"] == 8
    assert all(figure["interval_95"] is None for figure in figures.values())


def test_a_row_for_each_clip_and_reference(folder: Path) -> None:
    with (folder / "per_clip.csv").open(newline="") as stream:
        reader = csv.DictReader(stream)
        table = list(reader)
    assert reader.fieldnames == COLUMNS
    assert [(row["reference"], row["clip"]) for row in table] == [
        ("labels", "ellipse-0-000000"), ("labels", "ellipse-0-000001"),
        ("teacher guide", "ellipse-0-000000"), ("teacher guide", "ellipse-0-000001"),
    ]  # fmt: skip
    assert float(table[2]["dice"]) == 1.0
    assert float(table[0]["ef_reference"]) == 51.0


def test_the_report_stands_alone(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "<script" not in page
    addresses = re.findall(r"""(?:src|srcset|href)=["']([^"']*)""", page)
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not re.search(r"url\(\s*['\"]?(?!#|data:)", page)
    assert "Evaluation of dark-cavity" in page
    assert "2 clips, judged against labels: accuracy, not proof of use." in page
    assert "Research use only, not for diagnosis." in page
    assert page.count("data:image/webp") == 1  # the contact sheet of the samples


def test_the_report_says_when_models_are_judged_in_their_own_world(
    results: list[ModelScores], tmp_path: Path
) -> None:
    write_outputs(tmp_path / "own", results, {"generator": "sim"}, [])
    write_outputs(tmp_path / "other", results, {"generator": None}, [])
    assert SHARED_WORLD in (tmp_path / "own" / "report.html").read_text()
    assert SHARED_WORLD not in (tmp_path / "other" / "report.html").read_text()


def test_the_table_ends_with_size_and_speed(results: list[ModelScores]) -> None:
    table = report_scores(results)
    assert [(s.metric, s.comparison) for s in table[-4:]] == [
        ("Parameters", "dark-cavity against labels"), ("Frames per second", "dark-cavity against labels"),
        ("Parameters", "dark-cavity against teacher guide"),
        ("Frames per second", "dark-cavity against teacher guide"),
    ]  # fmt: skip
    assert table[-4].value is None
    assert table[0].metric == "Dice per image"
    assert table[0].low is not None
