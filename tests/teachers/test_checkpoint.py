import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foreign_networks import as_prob, frames, imagenet, save, unet
from safetensors.torch import save_file
from torch import nn

from echodfkd.errors import EchoError
from echodfkd.segmenter import Segmenter
from echodfkd.teachers import load_teacher

TOLD = {"size": 64, "claim": "data-free: teacher saw CAMUS", "convention": "ase"}


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return unet(classes=2)


@pytest.fixture
def path(network: nn.Module, tmp_path: Path) -> Path:
    return save(
        tmp_path / "net.pt", {"state_dict": {f"model.{k}": v for k, v in network.state_dict().items()}}
    )


def manifest(path: Path, **entries: Any) -> None:
    path.with_suffix(".json").write_text(json.dumps(entries))


def remarks(teacher: Segmenter) -> tuple[str, ...]:
    return tuple(getattr(teacher, "remarks", ()))


def test_a_manifest_says_it_all(network: nn.Module, path: Path) -> None:
    scaled = {"scaling": "0..1", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    manifest(path, architecture="smp:Unet:resnet18", output="softmax", lv_class=0, **scaled, **TOLD)
    teacher = load_teacher(str(path), device="cpu")
    assert isinstance(teacher, Segmenter)
    assert (teacher.name, teacher.size) == ("net", 64)
    assert (teacher.claim, teacher.convention) == ("data-free: teacher saw CAMUS", "ase")
    assert remarks(teacher) == ()
    with torch.inference_mode():
        expected = network(imagenet(frames())).softmax(1)[:, 0]
    assert np.abs(teacher.predict(frames()) - as_prob(expected)).max() <= 1
    assert expected.std() > 0.01


def test_without_one_the_guesses_are_stated(network: nn.Module, path: Path) -> None:
    teacher = load_teacher(str(path), device="cpu")
    assert (teacher.size, teacher.claim) == (112, "unknown")
    text = "\n".join(remarks(teacher))
    for guess in ("size is guessed: 112", "ImageNet's mean", "softmax", "lv_class is guessed: 1", "claim"):
        assert guess in text
    padded = np.zeros((2, 128, 128), np.uint8)
    padded[:, :112, :112] = frames(size=112)
    with torch.inference_mode():
        expected = network(imagenet(padded)).softmax(1)[:, 1, :112, :112]
    assert np.abs(teacher.predict(frames(size=112)) - as_prob(expected)).max() <= 1


def test_what_is_guessed_can_be_written_down_as_it_is(path: Path) -> None:
    guessed = load_teacher(str(path), device="cpu")
    path.with_suffix(".json").write_text(remarks(guessed)[-1].split(", say ")[1])
    told = load_teacher(str(path), device="cpu")
    assert remarks(told) == ()
    assert told.digest == guessed.digest
    np.testing.assert_array_equal(told.predict(frames(size=112)), guessed.predict(frames(size=112)))


def test_other_facts_make_another_digest(path: Path) -> None:
    manifest(path, **TOLD, lv_class=0)
    one = load_teacher(str(path), device="cpu").digest
    manifest(path, **TOLD, lv_class=1)
    assert load_teacher(str(path), device="cpu").digest != one


def test_safetensors_and_grey_frames(tmp_path: Path) -> None:
    network = unet(channels=1)
    save_file(network.state_dict(), tmp_path / "grey.safetensors")
    manifest(tmp_path / "grey.pt", scaling="0..255", mean=[30], std=[50], **TOLD)
    teacher = load_teacher(str(tmp_path / "grey.safetensors"), device="cpu")
    assert remarks(teacher) == ()
    with torch.inference_mode():
        expected = torch.sigmoid(network((torch.from_numpy(frames())[:, None].float() - 30) / 50))[:, 0]
    assert np.abs(teacher.predict(frames()) - as_prob(expected)).max() <= 1


def test_torchvision_with_its_auxiliary_classifier(tmp_path: Path) -> None:
    from torchvision.models.segmentation import deeplabv3_mobilenet_v3_large

    torch.manual_seed(0)
    network = deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=1, aux_loss=True)
    path = save(tmp_path / "tv.pth", network.state_dict())
    teacher = load_teacher(str(path), device="cpu")
    with torch.inference_mode():
        expected = torch.sigmoid(network.eval()(imagenet(frames(size=112)))["out"])[:, 0]
    assert np.abs(teacher.predict(frames(size=112)) - as_prob(expected)).max() <= 1


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"channels": 1}, r"net\.pt has channels 3, net\.json says 1"),
        ({"lv_class": 2}, r"net\.pt has 2 output\(s\), net\.json says lv_class 2"),
        ({"mean": [0.5], "architecture": "smp:FPN:resnet18"}, "smp:FPN:resnet18 do not fit: .* is missing"),
        ({"architecture": "smp:Unet"}, r"net\.json: architecture 'smp:Unet': write smp:ARCH"),
    ],
)
def test_a_wrong_manifest_gets_one_clear_line(path: Path, entries: dict[str, Any], message: str) -> None:
    manifest(path, **entries)
    with pytest.raises(EchoError, match=message) as error:
        load_teacher(str(path), device="cpu")
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 1


def test_an_unknown_network_asks_for_its_name(tmp_path: Path) -> None:
    path = save(tmp_path / "odd.pt", nn.Conv2d(1, 1, 3).state_dict())
    with pytest.raises(EchoError, match=r"not recognised .*odd\.json.*architecture.*smp:ARCH:ENCODER"):
        load_teacher(str(path), device="cpu")


@pytest.mark.parametrize("channels", [2, 4])
def test_frames_of_other_channels_are_refused(tmp_path: Path, channels: int) -> None:
    path = save(tmp_path / "net.pt", unet(channels=channels).state_dict())
    with pytest.raises(
        EchoError, match=rf"conv1.weight has shape \[64, {channels}, 7, 7\], expected"
    ) as error:
        load_teacher(str(path), device="cpu")
    assert "\n" not in str(error.value)
