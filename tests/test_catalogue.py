"""What the catalogue says about weights that are there, absent or cut short."""

import json
from pathlib import Path
from typing import Any

import pytest

import echodfkd.catalogue
from echodfkd.catalogue import Entry, catalogue


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the package's weights."""
    monkeypatch.setattr(echodfkd.catalogue, "FOLDER", tmp_path)
    return tmp_path


def add(folder: Path, stem: str, content: bytes | None, **card: Any) -> None:
    (folder / f"{stem}.json").write_text(json.dumps(card))
    if content is not None:
        (folder / f"{stem}.safetensors").write_bytes(content)


def entry(kind: str, name: str) -> Entry:
    return next(e for e in catalogue() if (e.kind, e.name) == (kind, name))


def test_ready_without_weights(weights: Path) -> None:
    assert entry("generator", "sim").ready
    assert entry("export", "onnx").ready
    assert entry("student", "smp:ARCH:ENCODER").state == "trainable"


def test_absent_weights_are_missing(weights: Path) -> None:
    teacher = entry("teacher", "sim")
    assert teacher.state == "missing"
    assert str(weights) in teacher.needs


def test_card_tells_size_hash_and_claim(weights: Path) -> None:
    add(weights, "teacher-sim", b"12345", kind="teacher", name="sim", bytes=5, sha256="ab", claim="real-free")
    teacher = entry("teacher", "sim")
    assert teacher.ready
    assert (teacher.bytes, teacher.sha256, teacher.claim) == (5, "ab", "real-free")
    assert teacher.path == weights / "teacher-sim.safetensors"


@pytest.mark.parametrize(("content", "found"), [(None, "found: none"), (b"123", "found: 3")])
def test_incomplete_weights_are_missing(weights: Path, content: bytes | None, found: str) -> None:
    add(weights, "default", content, kind="student", name="default", bytes=5)
    student = entry("student", "default")
    assert student.state == "missing"
    assert "default.safetensors of 5 bytes" in student.needs
    assert found in student.needs


def test_cards_of_the_users_folder_are_listed(
    weights: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("models")
    monkeypatch.setenv("ECHODFKD_HOME", str(home))
    add(home, "mine", b"1", kind="student", name="mine", summary="my own")
    (home / "notes.json").write_text("[1, 2")
    assert entry("student", "mine").summary == "my own"
    assert entry("student", "mine").ready


def test_missing_module_is_named(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echodfkd.catalogue, "find_spec", lambda name: None if name == "onnx" else object())
    assert entry("export", "onnx").needs == "Python modules: onnx"
    assert entry("generator", "sim").ready


def test_kinds_come_in_order(weights: Path) -> None:
    kinds = [e.kind for e in catalogue()]
    assert kinds == sorted(kinds, key=echodfkd.catalogue.KINDS.index)


def test_auxiliary_models_are_listed_and_echoclip_needs_its_file(
    weights: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("models")
    monkeypatch.setenv("ECHODFKD_HOME", str(home))
    missing = entry("auxiliary", "echoclip")
    assert missing.state == "missing"
    assert "hub's mkaichristensen/echo-clip in " in missing.needs
    (home / "echo-clip").mkdir()
    (home / "echo-clip" / "open_clip_pytorch_model.bin").write_bytes(b"1234")
    assert (entry("auxiliary", "echoclip").ready, entry("auxiliary", "echoclip").bytes) == (True, 4)
    assert not entry("auxiliary", "hf-hub:OWNER/NAME").ready


def test_a_generator_of_parts_is_ready_when_all_are_there(
    weights: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("models")
    monkeypatch.setenv("ECHODFKD_HOME", str(home))
    monkeypatch.setattr("echodfkd.weights.FOLDER", weights)
    missing = entry("generator", "echonet-synthetic")
    assert missing.state == "missing"
    assert "generator-echonet-synthetic-lvdm.safetensors in " in missing.needs
    for part in ("vae", "lidm"):
        (home / f"generator-echonet-synthetic-{part}.safetensors").write_bytes(b"123")
    assert not entry("generator", "echonet-synthetic").ready
    (home / "generator-echonet-synthetic-lvdm.safetensors").write_bytes(b"1234")
    whole = entry("generator", "echonet-synthetic")
    assert (whole.ready, whole.bytes, whole.path, whole.claim) == (True, 10, home, None)


def test_cards_of_parts_add_up_and_are_no_entries_of_their_own(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echodfkd.weights.FOLDER", weights)
    for part in ("vae", "lidm", "lvdm"):
        facts = {"kind": "generator", "name": f"echonet-synthetic:{part}", "bytes": 2, "parameters": 5}
        add(weights, f"generator-echonet-synthetic-{part}", b"12", **facts, claim="real-free")
    whole = entry("generator", "echonet-synthetic")
    assert (whole.ready, whole.bytes, whole.parameters, whole.claim) == (True, 6, 15, "real-free")
    assert not [e for e in catalogue() if e.name.startswith("echonet-synthetic:")]
    (weights / "generator-echonet-synthetic-lidm.safetensors").write_bytes(b"1")
    assert entry("generator", "echonet-synthetic").state == "missing"
    assert "lidm.safetensors of 2 bytes" in entry("generator", "echonet-synthetic").needs
