"""A trained network on disk: one safetensors file (weights as fp16) whose metadata says how to rebuild it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from echodfkd.errors import EchoError, UsageError
from echodfkd.files import atomic_path
from echodfkd.files import sha256 as sha256
from echodfkd.students.networks import build_network

KEY = "echodfkd"  # metadata entry that holds the configuration as JSON
SIZES = (16, 2048)  # pixels, side of the square frames that a network may work on


def save_network(network: nn.Module, config: Mapping[str, Any], path: Path) -> None:
    """Write weights (floating point ones as fp16) and configuration; nothing half-written under `path`.

    Raises:
        EchoError: if a weight is NaN, infinite or too large for fp16.
    """
    weights = {name: _half(name, value) for name, value in network.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(weights, temporary, metadata={KEY: json.dumps(dict(config), sort_keys=True)})


def _half(name: str, value: Tensor) -> Tensor:
    if not value.is_floating_point():
        return value.detach().cpu().contiguous()
    half = value.detach().cpu().to(torch.float16).contiguous()
    if not bool(torch.isfinite(half).all()):
        raise EchoError(f"weight {name!r} is not finite; the training diverged, nothing was saved")
    return half


def read_config(path: Path) -> dict[str, Any]:
    """Configuration in a checkpoint's metadata, or in `config.json` beside it.

    Raises:
        EchoError: if the file is no safetensors file, or does not say which network it holds.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise EchoError(f"{path} is not a readable safetensors file: {error}") from error
    if KEY in metadata:
        return _checked(metadata[KEY], path)
    beside = path.with_name("config.json")
    if beside.is_file():
        return _checked(beside.read_text(encoding="utf-8", errors="replace"), beside)
    raise EchoError(f"{path} does not say which network it holds; put its config.json beside it")


def _checked(text: str, path: Path) -> dict[str, Any]:
    """A configuration from its JSON; the file may come from anywhere."""
    try:
        config = json.loads(text)
    except ValueError as error:
        raise EchoError(f"{path} holds a configuration that is not valid JSON ({error})") from error
    if not (isinstance(config, dict) and isinstance(config.get("architecture"), str)):
        raise EchoError(f"{path} does not say which network it holds: it needs an `architecture`")
    size = config.get("size", SIZES[0])
    if not (isinstance(size, int) and SIZES[0] <= size <= SIZES[1]):
        raise EchoError(
            f"{path}: `size` must be a whole number of {SIZES[0]}..{SIZES[1]} pixels, got {size!r}"
        )
    if not isinstance(config.get("options", {}), dict):
        raise EchoError(f"{path}: `options` must be names with values")
    return config


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights as they are stored, and the configuration.

    Raises:
        EchoError: see `read_config`.
    """
    config = read_config(path)
    with safe_open(path, framework="pt") as stream:
        return {key: stream.get_tensor(key) for key in stream.keys()}, config  # noqa: SIM118


def load_network(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Rebuild the network of a checkpoint, in evaluation mode, float32; with its configuration.

    Raises:
        EchoError: if the file does not fit the network it names (at most ten differences are listed), or
            holds a weight that is NaN or infinite.
    """
    config = read_config(path)
    try:
        network = build_network(config["architecture"], **config.get("options", {}))
    except (UsageError, TypeError) as error:  # the file is wrong, not the command line
        raise EchoError(f"{path} names a network that cannot be built: {error}") from error
    weights, _ = read_weights(path)
    differences = _differences(network.state_dict(), weights)
    if differences:
        raise EchoError(f"{path} does not fit {config['architecture']!r}: {'; '.join(differences[:10])}")
    broken = [k for k, v in weights.items() if v.is_floating_point() and not bool(torch.isfinite(v).all())]
    if broken:
        raise EchoError(f"{path} holds NaN or infinite weights, {broken[0]!r} among them; train it again")
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    return network.eval(), config


def _differences(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    lines = [f"{name} is missing" for name in expected if name not in found]
    lines += [f"{name} is not known" for name in found if name not in expected]
    lines += [
        f"{name} has shape {list(found[name].shape)}, expected {list(value.shape)}"
        for name, value in expected.items()
        if name in found and found[name].shape != value.shape
    ]
    return lines
