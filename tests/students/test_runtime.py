from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from echodfkd.errors import EchoError, UsageError
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import load_network
from echodfkd.students.load import load_student
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import (
    CHUNK,
    STRIDE,
    OnnxSegmenter,
    TorchSegmenter,
    load_torch,
    pick_device,
    spans,
)
from echodfkd.weights import embedded_path


def segmenter(student: str = "default") -> TorchSegmenter:
    return TorchSegmenter(build_network(student), {"claim": "real-free"}, "mine", "0" * 64, "cpu")


@pytest.mark.parametrize("frames", [1, 5, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_spans_cover_every_frame_once_in_even_parts(frames: int) -> None:
    parts = [range(frames)[span] for span in spans(frames)]
    assert [i for part in parts for i in part] == list(range(frames))
    assert max(map(len, parts)) <= CHUNK
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_torch_segmenter_keeps_the_contract() -> None:
    model = segmenter()
    assert isinstance(model, Segmenter)
    prob = model.predict(np.random.default_rng(0).integers(0, 255, (3, 112, 112), np.uint8))
    assert prob.shape == (3, 112, 112)
    assert prob.dtype == np.uint8


@pytest.mark.parametrize("stem", ["student-default", "student-tiny"])
def test_folding_changes_no_probability_by_more_than_one_step(stem: str) -> None:
    """Against the embedded network as its file holds it, batch norms and all, on the clip as a whole."""
    path = embedded_path(stem)
    network, _ = load_network(path)
    frames = np.random.default_rng(0).integers(0, 256, (STRIDE + 8, 112, 112), np.uint8)
    with torch.inference_mode():
        whole = torch.sigmoid(network(torch.from_numpy(frames)[None, :, None].float()))[0, :, 0]
    expected = (255 * whole).round().numpy().astype(int)
    off = np.abs(load_torch(path, "cpu").predict(frames) - expected)
    assert expected.max() > 0  # else there would be nothing to compare
    assert off.max() <= 1
    assert np.count_nonzero(off) <= 1e-3 * off.size


def test_one_frame_is_a_clip_too() -> None:
    assert segmenter().predict(np.zeros((1, 112, 112), np.uint8)).shape == (1, 112, 112)


@pytest.mark.parametrize("name", ["tiny", "convlstm-21"])
def test_a_causal_network_goes_on_where_the_part_before_ended(name: str) -> None:
    """The last frame of a clip cut into parts is that of the clip as a whole."""
    model = segmenter(name)
    frames = np.random.default_rng(0).integers(0, 255, (CHUNK + 2, 32, 32), np.uint8)
    with torch.inference_mode():
        whole = torch.sigmoid(model.network(torch.from_numpy(frames)[None, :, None].float()))[0, :, 0]
    assert np.abs(model.predict(frames) - 255 * whole.numpy()).max() <= 0.51


def test_a_missing_device_is_named() -> None:
    with pytest.raises(UsageError, match="'tpu' is not available"):
        pick_device("tpu")


def test_what_is_no_model_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown model 'nope'; choose from: .*default"):
        load_student("nope")
    with pytest.raises(EchoError, match="holds no student.safetensors"):
        load_student(str(tmp_path))
    (tmp_path / "m.pkl").write_bytes(b"x")
    with pytest.raises(EchoError, match=r"not \.pkl"):
        load_student(str(tmp_path / "m.pkl"))
    (tmp_path / "m.onnx").write_bytes(b"x")
    with pytest.raises(EchoError, match="not a usable ONNX file"):
        OnnxSegmenter(tmp_path / "m.onnx")


def test_an_onnx_file_of_another_program_is_refused(tmp_path: Path) -> None:
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 3]) for name in "xy"]
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    opset = onnx.helper.make_opsetid("", 18)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9), tmp_path / "m.onnx")
    with pytest.raises(EchoError, match="of another program"):
        OnnxSegmenter(tmp_path / "m.onnx")
