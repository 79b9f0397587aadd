"""Checkpoints of EchoDFKD's own code, made here in its layout, optimiser and hyper-parameters and all."""

import os
from pathlib import Path
from typing import Any

import foreign_networks
import numpy as np
import pytest
import torch
from foreign_networks import save
from golden_convlstm import GOLDEN, filled
from torch import Tensor

from echodfkd.errors import EchoError
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import sha256
from echodfkd.students.convlstm import ConvLSTM
from echodfkd.students.load import load_student
from echodfkd.students.published import CLAIM, is_published_convlstm, load_published_convlstm
from echodfkd.teachers import load_teacher


def lightning(network: torch.nn.Module, **more: Any) -> dict[str, Any]:
    """What Lightning leaves after a step of training: weights as they are named, and all that is beside."""
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser.step()
    network.load_state_dict(before)
    return {
        "epoch": 3,
        "global_step": 1200,
        "pytorch-lightning_version": "2.1.0",
        "state_dict": network.state_dict(),
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"current": {"completed": 3}}}},
        "callbacks": {"ModelCheckpoint": {"monitor": "val_loss", "best_model_score": torch.tensor(0.25)}},
        "optimizer_states": [optimiser.state_dict()],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"num_blocks": 3, "num_layers": 2, "learning_rate": 1e-3},
        **more,
    }


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("published") / "blocks3.ckpt", lightning(filled(ConvLSTM(3, 2))))


@torch.inference_mode()
@pytest.mark.parametrize("case", GOLDEN["forward"], ids=lambda case: f"{case['blocks']}{case['layers']}")
def test_the_network_that_comes_back_makes_the_published_values(case: dict[str, Any], tmp_path: Path) -> None:
    trained = filled(ConvLSTM(case["blocks"], case["layers"])).eval()
    file = save(tmp_path / "last.ckpt", lightning(trained))
    network, config = load_published_convlstm(file)
    assert config["architecture"] == f"convlstm-{case['blocks']}{case['layers']}"
    assert (config["size"], config["claim"], config["convention"]) == (112, CLAIM, "echonet")
    x = torch.rand(case["shape"], generator=torch.Generator().manual_seed(0))
    assert not network.training
    assert torch.equal(network(x), trained(x))
    assert trained(x).std() > 0.01


def test_it_is_a_student_and_a_teacher(path: Path) -> None:
    frames = foreign_networks.frames(3, 112)
    network, _ = load_published_convlstm(path)
    with torch.inference_mode():
        logits = network(torch.from_numpy(frames)[None, :, None].float())[0, :, 0]
    expected = foreign_networks.as_prob(torch.sigmoid(logits))
    assert expected.std() > 1
    for segmenter in (load_student(str(path), "cpu"), load_teacher(str(path), device="cpu")):
        assert isinstance(segmenter, Segmenter)
        assert (segmenter.name, segmenter.claim, segmenter.size) == ("blocks3", CLAIM, 112)
        assert segmenter.digest == sha256(path)
        assert np.abs(segmenter.predict(frames) - expected).max() <= 1


def test_other_checkpoints_stay_what_they_are(path: Path, tmp_path: Path) -> None:
    network = foreign_networks.unet()
    weights = {f"model.{name}": value for name, value in network.state_dict().items()}
    other = save(tmp_path / "unet.ckpt", {"state_dict": weights, "epoch": 1})
    assert is_published_convlstm(path)
    assert not is_published_convlstm(other)
    assert not is_published_convlstm(tmp_path / "absent.ckpt")
    assert load_teacher(str(other), device="cpu").name == "unet"
    with pytest.raises(
        EchoError,
        match=r"no published ConvLSTM: it holds model\.encoder\.conv1\.weight, .*nothing like model",
    ):
        load_student(str(other))


class Touch:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_would_run_code_is_refused_in_one_line(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    stored = lightning(ConvLSTM(1, 1), hyper_parameters={"transform": Touch(marker)})
    file = save(tmp_path / "bad.ckpt", stored)
    for load in (load_student, load_teacher):
        with pytest.raises(
            EchoError, match=r"bad\.ckpt is refused: .*\.mkdir.* (can|could) run code"
        ) as caught:
            load(str(file), device="cpu")
        assert "\n" not in str(caught.value)
        assert "weights_only" not in str(caught.value), "no advice to load it all the same"
        assert not marker.exists()
    torch.load(file, weights_only=False)
    assert marker.exists(), "the file is as harmful as the test says"


def changed(**weights: Tensor | None) -> dict[str, Any]:
    """A checkpoint with some weights replaced, or taken out where they are None."""
    stored = lightning(ConvLSTM(1, 1))
    both = {**stored["state_dict"], **weights}
    return stored | {"state_dict": {name: value for name, value in both.items() if value is not None}}


BIAS = "model.output_layer.layer.bias"
CELL = "model.conv_lstm_blocks.{}.conv_lstm_layers.{}.cell.conv.weight"


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"epoch": 1, "weights": [1, 2]}, "no Lightning checkpoint .*: it holds epoch, weights"),
        ({}, "no Lightning checkpoint .*: it holds nothing"),
        (torch.zeros(3), "no Lightning checkpoint .*: it holds a Tensor"),
        ({"state_dict": {"a": 1}}, "no Lightning checkpoint .*: it holds state_dict"),
        ({"state_dict": {}}, "no published ConvLSTM: it holds no weights"),
        (changed(**{BIAS: torch.tensor([float("nan")])}), f"NaN or infinite weights, '{BIAS}' among them"),
        (changed(**{BIAS: None}), f"does not fit convlstm-11: {BIAS} is missing"),
        (changed(**{BIAS: torch.zeros(2)}), r"bias has shape \[2\], expected \[1\]"),
        (changed(more=torch.zeros(1)), "more is not known"),
        (changed(**{CELL.format(6, 0): torch.zeros(1)}), "has 7 blocks of 1 layers; published are 1..4"),
        (changed(**{CELL.format(0, 6): torch.zeros(1)}), "has 1 blocks of 4 layers|does not fit convlstm-14"),
    ],
)
def test_what_is_no_such_checkpoint_is_told_in_one_line(tmp_path: Path, stored: Any, message: str) -> None:
    file = save(tmp_path / "x.ckpt", stored)
    with pytest.raises(EchoError, match=message) as caught:
        load_student(str(file))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04broken"])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(EchoError, match=r"x\.ckpt is no checkpoint of torch, or a damaged one|is refused"):
        load_student(str(tmp_path / "x.ckpt"))
    with pytest.raises(EchoError, match=r"x\.ckpt is not a readable torch checkpoint"):
        load_teacher(str(tmp_path / "x.ckpt"))
