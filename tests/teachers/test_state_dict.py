import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foreign_networks import save
from safetensors.torch import save_file
from torch import nn

from echodfkd.errors import EchoError
from echodfkd.teachers.state_dict import read_state_dict

WEIGHTS = {"a.weight": torch.ones(2), "b.bias": torch.zeros(3)}


def prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in WEIGHTS.items()}


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model.", "_orig_mod.", "network."])
@pytest.mark.parametrize("holder", [None, "state_dict", "model"])
def test_weights_are_found_and_prefixes_stripped(tmp_path: Path, prefix: str, holder: str | None) -> None:
    stored: Any = prefixed(prefix)
    if holder:
        stored = {"epoch": 3, holder: stored, "optimizer": {"state": {}}, "loss": np.float32(0.5)}
    weights, remarks = read_state_dict(save(tmp_path / "m.pt", stored))
    assert list(weights) == list(WEIGHTS)
    assert torch.equal(weights["a.weight"], WEIGHTS["a.weight"])
    assert remarks == ()


@pytest.mark.parametrize("zipped", [True, False])
def test_numbers_of_numpy_beside_the_weights_do_no_harm(tmp_path: Path, zipped: bool) -> None:
    stored = {"state_dict": WEIGHTS, "best": np.float64(0.5), "step": np.int64(7), "done": np.bool_(True)}
    path = save(tmp_path / "m.pt", stored, _use_new_zipfile_serialization=zipped)
    assert list(read_state_dict(path)[0]) == list(WEIGHTS)


def test_what_lies_outside_the_network_is_left_out_aloud(tmp_path: Path) -> None:
    """Lightning modules keep buffers beside their `model.`."""
    stored = {"state_dict": {**prefixed("model."), "mean": torch.zeros(1)}}
    weights, remarks = read_state_dict(save(tmp_path / "m.ckpt", stored))
    assert list(weights) == list(WEIGHTS)
    assert remarks == ("left out what is no weight of the network: mean",)


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file(prefixed("model."), tmp_path / "m.safetensors")
    assert set(read_state_dict(tmp_path / "m.safetensors")[0]) == set(WEIGHTS)


class Touch:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, zipped: bool) -> None:
    marker = tmp_path / "ran"
    stored = {"state_dict": WEIGHTS, "extra": Touch(marker)}
    path = save(tmp_path / "m.pt", stored, _use_new_zipfile_serialization=zipped)
    with pytest.raises(
        EchoError, match=r"m\.pt is refused: to load it would call \w+\.mkdir, which can run code"
    ):
        read_state_dict(path)
    assert not marker.exists()
    with pytest.raises(EchoError):
        read_state_dict(path.rename(path.with_suffix(".pth")))
    torch.load(path.with_suffix(".pth"), weights_only=False)
    assert marker.exists(), "the file is as harmful as the test says"


def test_a_whole_pickled_network_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "m.pt", nn.Conv2d(1, 1, 1))
    with pytest.raises(EchoError, match=r"would call torch\.nn\.modules\.conv\.Conv2d.*state_dict"):
        read_state_dict(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    path = save(tmp_path / "m.pt", {**WEIGHTS, "c": torch.tensor([1.0, value])})
    with pytest.raises(EchoError, match="NaN or infinite weights, 'c' among them"):
        read_state_dict(path)


def test_what_holds_no_weights_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        EchoError, match=r"holds no named weights, only entries epoch, loss; save a state_dict"
    ):
        read_state_dict(save(tmp_path / "m.pt", {"epoch": 1, "loss": 0.5}))
    with pytest.raises(EchoError, match="only a Tensor"):
        read_state_dict(save(tmp_path / "m.pt", torch.zeros(3)))
    for content in (b"", b"hello, no model", b"PK\x03\x04broken"):
        (tmp_path / "m.pt").write_bytes(content)
        with pytest.raises(EchoError, match=r"m\.pt is not a readable torch checkpoint: ."):
            read_state_dict(tmp_path / "m.pt")
    (tmp_path / "m.safetensors").write_bytes(b"hello")
    with pytest.raises(EchoError, match=r"m\.safetensors is not a readable safetensors file"):
        read_state_dict(tmp_path / "m.safetensors")


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_torchscript_program_is_named(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Identity()), tmp_path / "m.pt")
    with pytest.raises(EchoError, match="TorchScript program, not weights"):
        read_state_dict(tmp_path / "m.pt")
