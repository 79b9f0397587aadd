"""The published table against the golden parameter counts and the networks themselves."""

import json
from pathlib import Path

import pytest

from echodfkd.errors import EchoError
from echodfkd.eval.published import STUDENT, published
from echodfkd.eval.report.pareto import pareto_chart, pareto_section
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
    svg = pareto_chart([("my-net", 411_847, 0.94)], "labels")
    for text in ("my-net", "EchoDFKD students", "DeepLabV3", "SimLVSeg", "nnU-Net", "log scale"):
        assert text in svg
    assert "EchoNet-Dynamic test set, human labels" in svg
    assert "the given data, labels" in svg
    assert svg.startswith("<svg")
    assert "my-net" not in pareto_chart([], "labels")


def test_the_section_has_table_source_and_caution() -> None:
    section = pareto_section([("my-net", 100, 0.5)], "teacher sim")
    assert "do not compare directly" in section.text
    chart, table = section.blocks
    assert "arXiv 2409.07566" in chart.caption
    assert len(table.rows) == 19  # type: ignore[union-attr]


def test_no_parameters_no_place() -> None:
    with pytest.raises(EchoError, match="no place on a logarithmic axis"):
        pareto_chart([("x", 0, 0.5)], "labels")
