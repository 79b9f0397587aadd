"""Foreign ONNX files in every layout, written node by node: what they compute is known by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from foreign_networks import frames
from numpy.typing import NDArray
from onnx import TensorProto, helper

from echodfkd.errors import EchoError
from echodfkd.segmenter import Segmenter
from echodfkd.students.runtime import OnnxSegmenter
from echodfkd.teachers import load_teacher

Shape = list[int | str]
S = 32
SCALED = {"scaling": "0..255", "claim": "real-free", "convention": "ase"}


def write(path: Path, shape: Shape, nodes: list[Any], out: Shape, kind: int = TensorProto.FLOAT) -> Path:
    """A file that takes `x` and makes `y`; nodes may use the constants `low` = 100 and `step` = 0.1."""
    numbers = {"low": np.float32(100), "step": np.float32(0.1), "small": np.float32(0.002)}
    graph = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in numbers.items()],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path)
    return path


def logit_nodes(source: str = "x", result: str = "y") -> list[Any]:
    """0.1 * (x - 100)."""
    return [
        helper.make_node("Sub", [source, "low"], ["above"]),
        helper.make_node("Mul", ["above", "step"], [result]),
    ]


def expected_prob(clip: NDArray[np.uint8]) -> NDArray[np.float64]:
    return 255 / (1 + np.exp(-0.1 * (clip.astype(np.float64) - 100)))


def load(path: Path, **manifest: Any) -> Segmenter:
    path.with_suffix(".json").write_text(json.dumps({**SCALED, **manifest}))
    return load_teacher(str(path), device="cpu")


def remarks(teacher: Segmenter) -> tuple[str, ...]:
    return tuple(getattr(teacher, "remarks", ()))


@pytest.mark.parametrize("count", [1, 3, 7])
@pytest.mark.parametrize(
    "shape",
    [
        ["N", 1, S, S],
        [1, 1, S, S],
        [2, 1, "h", "w"],
        ["N", 1, "T", S, S],
        [1, 1, 4, S, S],
        [1, 5, 1, S, S],
        [2, "T", 1, S, S],
    ],
    ids=str,
)
def test_any_layout_of_one_channel(tmp_path: Path, shape: Shape, count: int) -> None:
    teacher = load(write(tmp_path / "net.onnx", shape, logit_nodes(), shape), size=S)
    assert isinstance(teacher, Segmenter)
    assert (teacher.name, teacher.size, teacher.claim, teacher.convention) == ("net", S, "real-free", "ase")
    assert remarks(teacher) == ()
    clip = frames(count, S)
    assert np.abs(teacher.predict(clip) - expected_prob(clip)).max() <= 0.51


def test_three_channels_and_a_mean(tmp_path: Path) -> None:
    mean = helper.make_node("ReduceMean", ["x", "axis"], ["grey"], keepdims=1)
    axis = helper.make_node("Constant", [], ["axis"], value_ints=[1])
    path = write(tmp_path / "net.onnx", ["N", 3, S, S], [axis, mean, *logit_nodes("grey")], ["N", 1, S, S])
    clip = frames(2, S)
    assert np.abs(load(path).predict(clip) - expected_prob(clip)).max() <= 0.51
    shifted = load(path, mean=[10, 20, 30], std=[1])
    assert np.abs(shifted.predict(clip) - expected_prob(np.maximum(clip, 20) - 20)).max() <= 40
    assert shifted.digest != load(path).digest


def test_probabilities_are_told_by_their_range(tmp_path: Path) -> None:
    nodes = [helper.make_node("Mul", ["x", "small"], ["y"])]
    teacher = load(write(tmp_path / "net.onnx", ["N", 1, S, S], nodes, ["N", 1, S, S]))
    assert remarks(teacher)[0].startswith("output is guessed: probability (0..0.4")
    clip = frames(2, S)
    assert np.abs(teacher.predict(clip) - 255 * 0.002 * clip.astype(float)).max() <= 0.51


@pytest.mark.parametrize("activated", [True, False])
def test_a_softmax_over_classes(tmp_path: Path, activated: bool) -> None:
    """Outputs: 0 for the background, 0.1 * (x - 100) for class 1: its share is the sigmoid of that."""
    nodes = [
        *logit_nodes(result="logit"),
        helper.make_node("Sub", ["logit", "logit"], ["zero"]),
        helper.make_node("Concat", ["zero", "logit"], ["both"], axis=1),
        helper.make_node(
            "Softmax" if activated else "Identity", ["both"], ["y"], **({"axis": 1} if activated else {})
        ),
    ]
    path = write(tmp_path / "net.onnx", ["N", 1, S, S], nodes, ["N", 2, S, S])
    teacher = load(path)
    assert remarks(teacher)[0].startswith("output is guessed: " + ("probability" if activated else "softmax"))
    assert remarks(teacher)[1].startswith("lv_class is guessed: 1")
    clip = frames(2, S)
    assert np.abs(teacher.predict(clip) - expected_prob(clip)).max() <= 0.51
    other = load(path, lv_class=0, output="probability" if activated else "softmax")
    assert remarks(other) == ()
    assert np.abs(other.predict(clip) - (255 - expected_prob(clip))).max() <= 0.51
    with pytest.raises(EchoError, match=r"has 2 output\(s\), net\.json says lv_class 2"):
        load(path, lv_class=2)


def test_bytes_go_in_as_bytes(tmp_path: Path) -> None:
    cast = helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)
    shape: Shape = ["N", 1, S, S]
    teacher = load(write(tmp_path / "net.onnx", shape, [cast, *logit_nodes("f")], shape, TensorProto.UINT8))
    clip = frames(2, S)
    assert np.abs(teacher.predict(clip) - expected_prob(clip)).max() <= 0.51


def test_without_a_manifest_the_guesses_are_stated(tmp_path: Path) -> None:
    shape: Shape = ["N", 1, "h", "w"]
    path = write(tmp_path / "net.onnx", shape, logit_nodes(), shape)
    teacher = load_teacher(str(path), device="cpu")
    assert teacher.size == 112
    text = "\n".join(remarks(teacher))
    for guess in ("size is guessed: 112", "scaling is guessed: 0..1", "claim is unknown"):
        assert guess in text


@pytest.mark.parametrize(
    ("shape", "nodes", "message"),
    [
        (["N", 2, S, S], logit_nodes(), r"takes inputs of \(any, 2, 32, 32\), no grey or colour frames"),
        (["N", 1, S, 2 * S], logit_nodes(), "32x64 pixels; only square ones"),
        (["N", 1, 8, 8], logit_nodes(), r"takes frames of 8x8 pixels; read are 16\.\.2048"),
        (["N", 1, S, S], [helper.make_node("Log", ["x"], ["y"])], "NaN or infinity"),
        (
            ["N", 1, S, S],
            [helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)],
            r"not a mask \(N, K, H, W\)",
        ),
    ],
)
def test_what_cannot_teach_gets_one_line(
    tmp_path: Path, shape: Shape, nodes: list[Any], message: str
) -> None:
    path = write(tmp_path / "net.onnx", shape, nodes, [] if "Reduce" in nodes[0].op_type else shape)
    with pytest.raises(EchoError, match=message) as error:
        load(path)
    assert "\n" not in str(error.value)


def test_what_is_no_onnx_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"hello")
    with pytest.raises(EchoError, match=r"net\.onnx is not a usable ONNX file"):
        load_teacher(str(tmp_path / "net.onnx"))


def test_our_own_exports_are_read_as_ever(tmp_path: Path) -> None:
    shape: Shape = ["B", "T", 1, S, S]
    nodes = [*logit_nodes(result="z"), helper.make_node("Sigmoid", ["z"], ["y"])]
    path = write(tmp_path / "ours.onnx", shape, nodes, shape)
    model = onnx.load(path)
    facts = {"claim": "real-free", "convention": "ase", "size": str(S), "causal": "false"}
    helper.set_model_props(model, facts)
    onnx.save(model, path)
    teacher = load_teacher(str(path), device="cpu")
    assert isinstance(teacher, OnnxSegmenter)
    assert (teacher.claim, teacher.size) == ("real-free", S)
    helper.set_model_props(model, facts | {"size": "64"})
    onnx.save(model, path)
    with pytest.raises(EchoError, match="takes frames of 32 pixels a side, but says 64 of itself"):
        load_teacher(str(path), device="cpu")


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    ("values", "refused"),
    [([1, np.nan], True), ([1, np.inf], True), ([1, -np.inf], True), ([0, -np.inf], False), ([1, 2], False)],
)
def test_weights_that_are_not_finite_are_refused(
    tmp_path: Path, values: list[float], refused: bool, ours: bool
) -> None:
    """Also where no output shows them: here they are not even used."""
    shape: Shape = ["B", "T", 1, S, S] if ours else ["B", 1, S, S]
    path = write(tmp_path / "net.onnx", shape, logit_nodes(), shape)
    model = onnx.load(path)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(values, np.float32), "kernel"))
    if ours:
        facts = {"claim": "real-free", "convention": "ase", "size": str(S), "causal": "false"}
        helper.set_model_props(model, facts)
    onnx.save(model, path)
    if not refused:
        assert load_teacher(str(path), device="cpu").size == S
        return
    with pytest.raises(EchoError, match=r"net\.onnx holds NaN or infinite weights, 'kernel' among them"):
        load_teacher(str(path), device="cpu")
