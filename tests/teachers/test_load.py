"""What `load_teacher` makes of a name."""

import shutil
from pathlib import Path

import foreign_networks
import numpy as np
import pytest
from moving_ellipse import MovingEllipse

from echodfkd.cli import main
from echodfkd.errors import EchoError, UsageError
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import sha256
from echodfkd.synth.write import write_clip_set
from echodfkd.teachers import load_teacher
from echodfkd.weights import embedded_path


def load(name: str, weights: Path | None = None) -> Segmenter:
    return load_teacher(name, weights, device="cpu")


def test_embedded_names_and_files_of_ours(tmp_path: Path) -> None:
    assert load("sim").name == "sim"
    path = Path(shutil.copy(embedded_path("student-tiny"), tmp_path / "mine.safetensors"))
    assert (load(str(path)).name, load(str(path)).digest) == ("mine", load("tiny").digest)
    assert load("default", path).digest == sha256(path), "--weights goes before what is embedded"


def test_a_file_in_the_model_folder_goes_by_its_stem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    shutil.copy(embedded_path("student-tiny"), tmp_path / "mine.safetensors")
    assert load("mine").digest == load("tiny").digest
    assert load("mine.safetensors").name == "mine"


def test_names_with_a_plus_teach_together() -> None:
    both = load("tiny+default")
    assert (both.name, both.claim, both.size) == ("tiny+default", "real-free", 112)
    frames = foreign_networks.frames(2, 112)
    each = [load(name).predict(frames).astype(float) for name in ("tiny", "default")]
    assert np.abs(both.predict(frames) - np.mean(each, 0)).max() <= 0.5


def test_a_head_is_no_teacher(tmp_path: Path) -> None:
    path = shutil.copy(embedded_path("heads-default"), tmp_path / "a.safetensors")
    with pytest.raises(EchoError, match=r"a\.safetensors is a head: .*name the student it belongs to"):
        load(str(path))


def test_unknown_names_list_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown teacher 'nobody'; choose from: .*echonet-deeplabv3.*sim"):
        load("nobody")
    with pytest.raises(UsageError, match="unknown teacher 'nobody'"):
        load("sim+nobody")
    with pytest.raises(UsageError, match="no such file"):
        load("sim", tmp_path / "absent.pt")


def test_files_that_are_no_models(tmp_path: Path) -> None:
    (tmp_path / "clip.avi").write_bytes(b"x")
    with pytest.raises(
        EchoError, match=r"clip\.avi: models are read from run folders and \.safetensors, \.pt"
    ):
        load(str(tmp_path / "clip.avi"))
    (tmp_path / "net.json").write_text("{}")
    (tmp_path / "net.onnx").write_bytes(b"x")
    with pytest.raises(EchoError, match=r"did you mean net\.onnx\?"):
        load(str(tmp_path / "net.json"))
    with pytest.raises(EchoError, match=r"holds no student\.safetensors"):
        load(str(tmp_path))


def test_label_prints_what_was_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clip_set(MovingEllipse(frames=2), tmp_path / "clips", clips=1)
    network = foreign_networks.save(tmp_path / "net.pt", foreign_networks.unet().state_dict())
    arguments = ["label", str(tmp_path / "clips"), "--teacher", str(network), "--device", "cpu"]
    assert main(arguments) == 0
    errors = capsys.readouterr().err
    assert "warning: net: size is guessed: 112" in errors
    assert "net.json, say {" in errors
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr().err == ""
