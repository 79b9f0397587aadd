"""The published table against the golden parameter counts and the networks themselves."""

import json
from pathlib import Path

import pytest

from echodfkd.errors import EchoError
from echodfkd.eval import speed
from echodfkd.eval.published import STUDENT, TEACHER, published
from echodfkd.eval.report.content import Table
from echodfkd.eval.report.pareto import Point, pareto_section, published_section, size_chart, speed_chart
from echodfkd.students.networks import build_network

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "echodfkd_convlstm.json").read_text())
STUDENTS = {model.name: model for model in published().models if model.family == STUDENT}


def test_sixteen_students_with_their_parameters() -> None:
    counts = {f"convlstm-{key}": count for key, count in GOLDEN["parameter_counts"].items()}
    assert {name: model.parameters for name, model in STUDENTS.items()} == counts


@pytest.mark.parametrize("name", ["convlstm-11", "convlstm-33"])
def test_parameters_are_those_of_our_own_network(name: str) -> None:
    network = build_network(name)
    assert sum(weight.numel() for weight in network.parameters()) == STUDENTS[name].parameters


def test_dice_as_published() -> None:
    dice = {model.name: model.dice for model in published().models}
    assert len(dice) == 19
    assert (dice["convlstm-11"], dice["convlstm-22"], dice["convlstm-42"]) == (0.784, 0.890, 0.911)
    assert (dice["DeepLabV3 (EchoDFKD's teacher)"], dice["SimLVSeg"], dice["nnU-Net"]) == (
        0.9224,
        0.9332,
        0.928,
    )
    assert "arXiv 2409.07566" in published().source


def test_the_chart_shows_ours_beside_the_published() -> None:
    svg = size_chart([Point("my-net", 411_847, 0.94)])
    for text in ("my-net", "EchoDFKD students", "DeepLabV3", "SimLVSeg", "nnU-Net", "log scale"):
        assert text in svg
    assert svg.startswith("<svg")
    assert "my-net" not in size_chart([])
    assert "my-net" not in size_chart([Point("my-net", None, 0.94, 50.0)])


def test_speed_shows_what_was_timed() -> None:
    speeds = {"convlstm-11": 90.0, "convlstm-41": 20.0, TEACHER: 5.0}
    svg = speed_chart([Point("my-net", None, 0.94, 50.0)], speeds)
    for text in ("my-net", "EchoDFKD students", "DeepLabV3", "frames per second on this machine"):
        assert text in svg
    assert "SimLVSeg" not in svg  # nobody timed it


def test_the_sections_have_tables_source_and_caution() -> None:
    ours = [Point("my-net", 100, 0.5, 3.0)]
    section = pareto_section(ours, "teacher sim")
    assert "do not compare directly" in section.text
    assert "arXiv 2409.07566" in section.text
    assert len(section.blocks) == 1
    _, fast = pareto_section(ours, "teacher sim", {TEACHER: 5.0}, "timed by hand").blocks
    assert "judged here, against teacher sim." in fast.caption
    assert "EchoDFKD publishes no speed: grey is timed by hand" in fast.caption
    (table,) = published_section({TEACHER: 5.04}).blocks
    assert isinstance(table, Table)
    assert len(table.rows) == 19
    assert {row[0].text: row[4].text for row in table.rows}[TEACHER] == "5.0"


def test_no_parameters_no_place() -> None:
    with pytest.raises(EchoError, match="no place on a logarithmic axis"):
        size_chart([Point("x", 0, 0.5)])


def test_published_networks_are_timed() -> None:
    assert {model.name for model in published().models} >= {*speed.STUDENTS, TEACHER}
    assert speed._speed("convlstm-11", "cpu") > 0
    assert speed._speed("convlstm-11", "cpu") == speed._speed("convlstm-11", "cpu")  # once in a process
