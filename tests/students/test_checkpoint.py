import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from echodfkd.errors import EchoError
from echodfkd.students.checkpoint import KEY, load_network, save_network
from echodfkd.students.networks import build_network

CONFIG = {"architecture": "default", "claim": "real-free", "convention": "echonet", "size": 112}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_network(build_network("default"), CONFIG, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


def test_a_network_comes_back_as_it_was_but_for_half_precision(tmp_path: Path) -> None:
    network = build_network("default").eval()
    save_network(network, CONFIG, tmp_path / "net.safetensors")
    again, config = load_network(tmp_path / "net.safetensors")
    clip = torch.rand(1, 2, 1, 112, 112) * 255
    with torch.inference_mode():
        assert torch.allclose(network(clip), again(clip), atol=0.05)
    assert config == CONFIG
    assert (tmp_path / "net.safetensors").stat().st_size < 1_000_000


def test_a_diverged_network_is_not_saved(tmp_path: Path) -> None:
    network = build_network("default")
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    with pytest.raises(EchoError, match="not finite"):
        save_network(network, CONFIG, tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_another_shape_lists_the_differences(saved: Path) -> None:
    weights = load_file(saved)
    weights["network.head.bias"] = torch.zeros(7)
    del weights["network.head.weight"]
    save_file(weights, saved, metadata={KEY: json.dumps(CONFIG)})
    with pytest.raises(
        EchoError, match=r"head.weight is missing; network.head.bias has shape \[7\], expected \[1\]"
    ):
        load_network(saved)


def test_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"not weights")
    with pytest.raises(EchoError, match="not a readable safetensors file"):
        load_network(tmp_path / "x.safetensors")


def test_weights_without_a_configuration_take_the_one_beside_them(saved: Path) -> None:
    save_file(load_file(saved), saved)
    with pytest.raises(EchoError, match=r"put its config.json beside it"):
        load_network(saved)
    saved.with_name("config.json").write_text(json.dumps(CONFIG))
    assert load_network(saved)[1] == CONFIG


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[1]", "needs an `architecture`"),
        ("{}", "needs an `architecture`"),
        ('{"architecture": 3}', "needs an `architecture`"),
        ('{"architecture": "default", "size": "abc"}', r"`size` must be a whole number of 16\.\.2048"),
        ('{"architecture": "default", "size": 0}', r"`size` must be a whole number of 16\.\.2048"),
        ('{"architecture": "default", "options": [1]}', "`options` must be names with values"),
        ('{"architecture": "default", "options": {"x": 1}}', "cannot be built: .*'x'"),
        ('{"architecture": "foo"}', "cannot be built: unknown student 'foo'"),
    ],
)
def test_a_configuration_from_anywhere_is_checked(saved: Path, text: str, message: str) -> None:
    save_file(load_file(saved), saved, metadata={KEY: text})
    with pytest.raises(EchoError, match=message) as error:
        load_network(saved)
    assert error.value.exit_code == 1


def test_weights_that_are_not_finite_are_refused(saved: Path) -> None:
    weights = load_file(saved)
    weights["network.head.bias"] = torch.full_like(weights["network.head.bias"], float("nan"))
    save_file(weights, saved, metadata={KEY: json.dumps(CONFIG)})
    with pytest.raises(EchoError, match=r"NaN or infinite weights, 'network\.head\.bias'"):
        load_network(saved)
