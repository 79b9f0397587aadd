"""The page as a folder; what it does in a browser stands in test_web.py."""

import gzip
import json
import lzma
from pathlib import Path

import numpy as np
import pytest
import torch

import echodfkd.export.page
from echodfkd.errors import EchoError
from echodfkd.export.page import WEB
from echodfkd.export.run import export_model
from echodfkd.files import sha256
from echodfkd.readers import read_clip
from echodfkd.students.networks import build_network
from echodfkd.students.onnx_segmenter import OnnxSegmenter
from echodfkd.students.runtime import TorchSegmenter


@pytest.fixture(scope="module")
def model() -> TorchSegmenter:
    torch.manual_seed(0)
    network = build_network("micro").eval()
    config = {"claim": "real-free", "convention": "echonet", "size": 112}
    return TorchSegmenter(network, config, "mine #1", "ab" * 32, "cpu")


def clips() -> dict[str, np.ndarray]:
    return {"noise": np.random.default_rng(0).integers(0, 255, (4, 112, 112), np.uint8)}


@pytest.fixture(scope="module")
def folder(model: TorchSegmenter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("page")
    (output / "mine.txt").write_text("mine")
    assert export_model(model, "web", output, clips())[0] == output / "index.html"
    return output


def test_the_folder_holds_page_runtime_network_and_sample(folder: Path) -> None:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names >= {"index.html", "app.js", "readers/dicom.js", "runtime/wasm.bin", "runtime/LICENSE.txt"}
    assert names >= {"model.onnx", "model.json", "sample.avi", "export.json", "README.md", "mine.txt"}
    assert not any(name.endswith((".xz", "package.json", "example.npy")) for name in names)
    program = gzip.decompress((folder / "runtime" / "wasm.bin").read_bytes())
    assert program == lzma.decompress((WEB / "runtime" / "wasm.xz").read_bytes())
    assert read_clip(folder / "sample.avi").frames.shape == (96, 192, 192)


def test_its_figures_are_those_of_its_files(folder: Path) -> None:
    facts = json.loads((folder / "export.json").read_text())
    own = {"export.json", "README.md", "mine.txt"}
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name not in own]
    assert (facts["format"], facts["file"], facts["bytes"]) == ("web", "index.html", sum(sizes))
    network = folder / "model.onnx"
    size = network.stat().st_size
    assert facts["network"] == {"file": "model.onnx", "bytes": size, "sha256": sha256(network)}
    assert facts["parity"]["passed"]
    assert OnnxSegmenter(network).size == 112


def test_the_page_is_told_what_it_must_know_of_the_model(folder: Path) -> None:
    known = json.loads((folder / "model.json").read_text())
    assert (known["name"], known["sha256"], known["size"]) == ("mine #1", "ab" * 32, 112)
    assert (known["claim"], known["convention"]) == ("real-free", "echonet")
    assert known["causal"] is True
    assert (folder / known["network"]).is_file()
    assert (folder / known["sample"]).is_file()
    readme = (folder / "README.md").read_text()
    assert "`model.onnx`, " in readme
    assert "python -m http.server" in readme


def test_without_the_runtime_nothing_is_left(
    model: TorchSegmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "index.html").write_text("<p>")
    monkeypatch.setattr(echodfkd.export.page, "WEB", tmp_path / "web")
    with pytest.raises(EchoError, match="runtime is missing from this installation"):
        export_model(model, "web", tmp_path / "out", clips())
    assert not (tmp_path / "out").exists()
