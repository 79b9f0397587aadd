import json
import shutil
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from foreign_networks import as_prob, frames, imagenet, unet
from torch import nn

from echodfkd.errors import EchoError
from echodfkd.segmenter import Segmenter
from echodfkd.teachers import load_teacher
from echodfkd.teachers.hub import load_folder
from echodfkd.weights import embedded_path


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return unet(classes=1, seed=1)


@pytest.fixture(scope="module")
def saved(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the library itself writes it for the hub."""
    folder = tmp_path_factory.mktemp("hub") / "lv-unet"
    network.save_pretrained(folder)  # type: ignore[operator]
    return folder


def expected(network: nn.Module) -> np.ndarray:
    with torch.inference_mode():
        return as_prob(torch.sigmoid(network(imagenet(frames())))[:, 0])


def test_the_librarys_own_layout_is_read(saved: Path, network: nn.Module, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "lv-unet"))
    told = {"size": 64, "claim": "data-free: teacher saw CAMUS", "convention": "ase"}
    (folder / "model.json").write_text(json.dumps(told))
    teacher = load_teacher(str(folder), device="cpu")
    assert isinstance(teacher, Segmenter)
    assert (teacher.name, teacher.size, teacher.claim) == ("lv-unet", 64, "data-free: teacher saw CAMUS")
    assert np.abs(teacher.predict(frames()) - expected(network)).max() <= 1
    first, last = teacher.remarks  # type: ignore[attr-defined]
    assert "scaling is guessed" in first
    assert "model.json" in last
    assert load_folder(folder, "cpu", "owner-name").name == "owner-name"


def test_an_activation_in_its_configuration_is_left_to_us(
    saved: Path, network: nn.Module, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "net"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "activation": "sigmoid"}))
    (folder / "model.json").write_text(json.dumps({"size": 64}))
    assert np.abs(load_teacher(str(folder), device="cpu").predict(frames()) - expected(network)).max() <= 1


def test_a_bin_file_is_read_as_weights_only(network: nn.Module, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "pytorch_model.json").write_text(json.dumps({"size": 64}))
    assert np.abs(load_folder(tmp_path, "cpu").predict(frames()) - expected(network)).max() <= 1
    torch.save(network, tmp_path / "pytorch_model.bin")
    with pytest.raises(EchoError, match=r"pytorch_model\.bin is refused"):
        load_folder(tmp_path, "cpu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_model_class": "Vnet"}, r"config\.json does not describe a network: unknown .* 'Vnet'"),
        ({"classes": "many"}, r"config\.json does not describe a network"),
        ({"encoder_name": "resnet34"}, r"smp:Unet:resnet34 do not fit"),
        (
            {"decoder_channels": [8]},
            r"config\.json does not describe a network: smp:Unet:resnet18 cannot be built",
        ),
    ],
)
def test_a_wrong_configuration_gets_one_line(
    saved: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "net"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(EchoError, match=message) as error:
        load_teacher(str(folder), device="cpu")
    assert "\n" not in str(error.value)


def test_frames_of_other_channels_are_refused(tmp_path: Path) -> None:
    unet(channels=4).save_pretrained(tmp_path)  # type: ignore[operator]
    with pytest.raises(EchoError, match=r"takes frames of 4 channels; read are 1 \(grey\) and 3 \(colour\)"):
        load_teacher(str(tmp_path), device="cpu")


def test_a_run_of_ours_is_a_repository_too(tmp_path: Path) -> None:
    shutil.copy(embedded_path("student-tiny"), tmp_path / "student.safetensors")
    student = load_folder(tmp_path, "cpu", "owner-tiny")
    assert (student.name, student.claim) == ("owner-tiny", "real-free")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("hf:nobody/nothing", "the hub's nobody/nothing"),
        ("runs/lost", "runs/lost is no file or folder here, and"),
    ],
)
def test_without_a_network_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, start: str
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EchoError, match="could not be fetched") as error:
        load_teacher(name, device="cpu")
    assert str(error.value).startswith(start)
    assert "\n" not in str(error.value)
