"""A head as a file of its own: it reads clips as its source does, and goes along with its own model only."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from beating_curves import Soft, ellipse_curves

from echodfkd.errors import EchoError
from echodfkd.export.head import LIMITS, Differences, compare_heads, write_head
from echodfkd.export.run import export_model
from echodfkd.heads.find import head_of
from echodfkd.heads.head import Head, save_head
from echodfkd.heads.network import HeadNetwork
from echodfkd.heads.onnx_head import OnnxHead, head_beside
from echodfkd.home import model_folder
from echodfkd.students.networks import build_network
from echodfkd.students.onnx_segmenter import OnnxSegmenter
from echodfkd.students.runtime import TorchSegmenter

ROWS = [ellipse_curves(50).rows, ellipse_curves(7, fps=60.0).rows]


def head(seed: int = 0, digest: str = Soft.digest, **settled: object) -> Head:
    torch.manual_seed(seed)
    network = HeadNetwork().eval()
    with torch.no_grad():  # untrained, all clips look nearly alike
        for weights in network.parameters():
            weights.mul_(2)
    return Head(network, "soft", digest, **settled)  # type: ignore[arg-type]


SETTLED = head(share=0.4, widen=2.5, lv_limit=0.25, stretch=1.2, centre=60.0)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("head") / "model.head.onnx"
    write_head(SETTLED, path)
    return path


def test_the_file_reads_clips_as_its_source(exported: Path) -> None:
    ours = OnnxHead(exported)
    assert (ours.name, ours.source_sha256, ours.lv_limit) == ("soft", Soft.digest, 0.25)
    assert compare_heads(ours, SETTLED, ROWS).within(Differences(near=1e-5, ef=1e-3, lv=1e-5))


def test_another_head_would_be_noticed(exported: Path) -> None:
    ours = OnnxHead(exported)
    for other in (head(1, share=0.4, lv_limit=0.25), head(share=0.9, widen=2.5, lv_limit=0.25)):
        assert not compare_heads(ours, other, ROWS).within(LIMITS)


def test_it_is_found_beside_its_own_model_only(exported: Path) -> None:
    model = exported.with_name("model.onnx")
    found = head_beside(model, Soft.digest)
    assert found is not None
    assert head_beside(model, Soft.digest) is found  # loaded once
    assert head_beside(model, "ef" * 32) is None
    assert head_beside(model, "") is None
    assert head_beside(model.with_name("other.onnx"), Soft.digest) is None


def test_what_is_no_head_is_said(tmp_path: Path, exported: Path) -> None:
    (tmp_path / "model.head.onnx").write_bytes(exported.read_bytes()[:999])
    with pytest.raises(EchoError, match="not a usable ONNX file"):
        head_beside(tmp_path / "model.onnx", Soft.digest)


def test_an_export_takes_the_head_along_and_segment_uses_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    digest = "ab" * 32
    config = {"claim": "real-free", "convention": "echonet", "size": 112}
    model = TorchSegmenter(build_network("micro").eval(), config, "mine", digest, "cpu")
    clips = {"noise": np.random.default_rng(0).integers(0, 255, (4, 112, 112), np.uint8)}
    stored = model_folder() / "heads-mine.safetensors"
    save_head(head(digest=digest, lv_limit=0.25), stored, {})
    try:
        path, facts = export_model(model, "onnx", tmp_path, clips)
    finally:
        stored.unlink()
    said = json.loads((tmp_path / "export.json").read_text())["head"]
    assert said == facts["head"]
    assert (said["file"], said["lv_limit"]) == ("mine.head.onnx", 0.25)
    assert said["bytes"] == (tmp_path / "mine.head.onnx").stat().st_size < 250_000
    assert "`mine.head.onnx` is the learned head" in (tmp_path / "README.md").read_text()
    found = head_of(OnnxSegmenter(path))
    assert isinstance(found, OnnxHead)
    (tmp_path / "mine.head.onnx").write_bytes(path.read_bytes())
    with pytest.raises(EchoError, match="holds no head of this version"):
        head_of(OnnxSegmenter(path))
    (tmp_path / "mine.head.onnx").unlink()
    assert head_of(OnnxSegmenter(path)) is None
