import json
from pathlib import Path

import numpy as np
import pytest
import torch

from echodfkd.errors import EchoError, UsageError
from echodfkd.export.parity import SAME, Parity, compare, require
from echodfkd.export.run import export_model
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import CHUNK, OnnxSegmenter, TorchSegmenter


def untrained(student: str) -> TorchSegmenter:
    torch.manual_seed(0)
    network = build_network(student)
    network.train()(torch.rand(2, 3, 1, 112, 112) * 255)  # batch statistics that are not the initial ones
    config = {"claim": "real-free", "convention": "echonet", "size": 112}
    return TorchSegmenter(network, config, "mine", "ab" * 32, "cpu")


@pytest.fixture(scope="module")
def model() -> TorchSegmenter:
    return untrained("default")


def clips() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 255, (t, 112, 112), np.uint8) for name, t in (("long", 7), ("still", 1))}


@pytest.fixture(scope="module")
def exported(model: TorchSegmenter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_model(model, "onnx", tmp_path_factory.mktemp("export"), clips())[0]


def test_the_file_does_what_the_network_does(model: TorchSegmenter, exported: Path) -> None:
    parity = compare({"all": OnnxSegmenter(exported)}, model, clips())
    assert parity.dice >= 0.999
    assert parity.largest_difference <= 1
    assert parity.frames == 8


def test_a_causal_file_takes_long_clips_as_a_whole(tmp_path: Path) -> None:
    tiny, long = untrained("tiny"), np.random.default_rng(0).integers(0, 255, (CHUNK + 7, 112, 112), np.uint8)
    path, _ = export_model(tiny, "onnx", tmp_path, clips())
    assert np.abs(OnnxSegmenter(path).predict(long).astype(int) - tiny.predict(long)).max() <= 1


def test_the_file_knows_what_it_is(exported: Path) -> None:
    again = OnnxSegmenter(exported)
    assert (again.claim, again.convention, again.size) == ("real-free", "echonet", 112)
    facts = json.loads((exported.parent / "export.json").read_text())
    assert facts["bytes"] == exported.stat().st_size
    assert facts["model"]["sha256"] == "ab" * 32
    assert facts["parity"]["clips"] == ["long", "still"]
    left = {"mine.onnx", "export.json", "README.md", "example.npy"}
    assert {path.name for path in exported.parent.iterdir()} == left


def test_a_parity_miss_fails_the_export() -> None:
    def parity(dice: float, least: float, difference: int) -> Parity:
        return Parity(dice, least, "long", difference, 10, {"all": 1.0}, 1.0)

    assert require(parity(1.0, 1.0, 1), SAME)["passed"]
    for bad, said in (
        (parity(0.99, 1.0, 1), r"Dice 0\.9900"),
        (parity(1.0, 1.0, 40), "difference 40/255"),
        (parity(1.0, 0.9, 1), r"0\.9000 on long"),
    ):
        with pytest.raises(EchoError, match=said):
            require(bad, SAME)
        assert not require(bad, SAME, force=True)["passed"]


def test_what_cannot_be_exported_is_said(model: TorchSegmenter, exported: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown export format 'tflite'; choose from: executorch, onnx"):
        export_model(model, "tflite", tmp_path, clips())
    with pytest.raises(EchoError, match="is an exported file already"):
        export_model(OnnxSegmenter(exported), "onnx", tmp_path, clips())  # type: ignore[arg-type]
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        export_model(model, "onnx", tmp_path / "file", clips())
