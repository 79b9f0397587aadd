"""The published checkpoint's layout, made here with random weights and momentum buffers and all."""

import re
from collections.abc import Iterator
from pathlib import Path

import foreign_networks
import numpy as np
import pytest
import torch
import torchvision
from moving_ellipse import MovingEllipse
from torch import nn

from echodfkd.catalogue import Entry, catalogue
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import sha256
from echodfkd.synth.write import write_clip_set
from echodfkd.teachers import load_teacher
from echodfkd.teachers.label import label_clip_set

MEAN, STD = [32.085175, 32.591923, 33.37932], [50.129288, 50.487717, 51.34619]  # of the published release
FILE = "deeplabv3_resnet50_random.pt"


def normalised(frames: np.ndarray) -> torch.Tensor:
    grey = torch.from_numpy(frames).float()[:, None].repeat(1, 3, 1, 1)
    return (grey - torch.tensor(MEAN).reshape(3, 1, 1)) / torch.tensor(STD).reshape(3, 1, 1)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    network = torchvision.models.segmentation.deeplabv3_resnet50(
        weights=None, weights_backbone=None, aux_loss=False
    )
    network.classifier[-1] = nn.Conv2d(network.classifier[-1].in_channels, 1, kernel_size=1)
    network.eval()
    frames = MovingEllipse(frames=1, size=112).clip(0, 0).frames
    foreign_networks.spread_out(network, network.classifier[-1], normalised(frames))
    return network


@pytest.fixture(scope="module")
def checkpoint(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """About 317 MB, deleted in the end."""
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-5, momentum=0.9)
    for index, parameter in enumerate(network.parameters()):
        optimiser.state[parameter] = {"momentum_buffer": torch.full_like(parameter, index)}
    stored = {
        "epoch": 41,
        "state_dict": {f"module.{name}": value for name, value in network.state_dict().items()},
        "best_loss": float("inf"),
        "loss": np.float64(0.05),  # a number of numpy: weights_only alone refuses it
        "opt_dict": optimiser.state_dict(),
        "scheduler_dict": torch.optim.lr_scheduler.StepLR(optimiser, 50).state_dict(),
    }
    path = tmp_path_factory.mktemp("echonet") / FILE
    torch.save(stored, path, _use_new_zipfile_serialization=False)  # as torch wrote in 2019
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def teacher(checkpoint: Path) -> Segmenter:
    return load_teacher("echonet-deeplabv3", checkpoint, device="cpu")


def test_it_says_what_it_is(teacher: Segmenter, checkpoint: Path) -> None:
    assert isinstance(teacher, Segmenter)
    assert (teacher.name, teacher.size) == ("echonet-deeplabv3", 112)
    assert (teacher.claim, teacher.convention) == ("data-free: teacher saw EchoNet-Dynamic", "echonet")
    assert teacher.digest == sha256(checkpoint)
    assert teacher.remarks == ()  # type: ignore[attr-defined]
    assert checkpoint.stat().st_size == pytest.approx(317e6, rel=0.01)


def test_its_labels_are_torchvisions_own_forward(
    teacher: Segmenter, network: nn.Module, tmp_path: Path
) -> None:
    write_clip_set(MovingEllipse(frames=2, size=112), tmp_path, clips=2, lossless=True)
    data = ClipSet.open(tmp_path)
    done = label_clip_set(data, teacher)
    labels = np.concatenate([data.load_labels(record, done.folder) for record in data.records])
    frames = np.concatenate([data.load(record).frames for record in data.records])
    with torch.inference_mode():
        expected = torch.sigmoid(network(normalised(frames))["out"])[:, 0].numpy()
    assert np.abs(labels / 255 - expected).max() <= 1 / 255
    assert ((labels > 127) == (expected > 0.5)).mean() >= 0.9999
    assert 0.2 < (expected > 0.5).mean() < 0.8, "a mask that is all or nothing would prove nothing"


def entry() -> Entry:
    return next(e for e in catalogue() if (e.kind, e.name) == ("teacher", "echonet-deeplabv3"))


def test_where_it_is_missing_one_line_says_what_to_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    with pytest.raises(EchoError) as error:
        load_teacher("echonet-deeplabv3", device="cpu")
    message = str(error.value)
    for part in (
        FILE,
        "v1.0.0 of EchoNetDynamic",
        "echonet/dynamic",
        "about 317 MB",
        str(tmp_path),
        "--weights",
    ):
        assert part in message
    assert "\n" not in message
    assert entry().state == "missing"
    assert entry().needs in message


def test_it_is_found_in_the_model_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    path = foreign_networks.save(tmp_path / FILE, {"state_dict": {"module.x": torch.zeros(1)}})
    assert entry().ready
    assert (entry().needs, entry().bytes) == ("nothing", path.stat().st_size)
    with pytest.raises(
        EchoError, match=re.escape(f"the weights of {path} and EchoNet-Dynamic's DeepLabV3 do")
    ):
        load_teacher("echonet-deeplabv3", device="cpu")


def test_the_catalogue_counts_its_parameters(network: nn.Module) -> None:
    assert entry().parameters == sum(parameter.numel() for parameter in network.parameters())
