"""Networks on disk: one of ours, a file with its configuration inside; or a published folder."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.files import atomic_path, read_json, write_json

PICKLES = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
NETWORKS = {  # class -> the module that has it, imported when it is needed
    "AutoencoderKL": "diffusers",
    "UNet2DModel": "diffusers",
    "UNetSpatioTemporalConditionModel": "diffusers",
    "SpadeUNet": "echodfkd.synth.diffusion.spade",
    "WordUNet": "echodfkd.synth.diffecho.network",
    "VQGAN3D": "echodfkd.synth.medical_diffusion.vqgan",
}
KEY = "echodfkd"  # metadata entry of the configuration
WEIGHTS = "generator.safetensors"  # what a training leaves in its run
PUBLISHED = "diffusion_pytorch_model.safetensors"
TOLD = 10  # differences that a message names at most


def build(config: Mapping[str, Any]) -> nn.Module:
    """A new network of a configuration with `_class_name`.

    Raises:
        EchoError: for a class that is not in `NETWORKS`, or options that do not fit it.
    """
    name = config.get("_class_name")
    if name not in NETWORKS:
        raise EchoError(f"a network of class {name!r} is not known here; known are {', '.join(NETWORKS)}")
    try:
        options = {k: v for k, v in config.items() if k != "_name_or_path"}
        return getattr(import_module(NETWORKS[str(name)]), str(name)).from_config(options)
    except Exception as error:  # of every kind, since options come from files
        raise EchoError(f"the configuration does not build a {name}: {error}") from error


def config_of(network: Any) -> dict[str, Any]:
    """What `build` needs to build such a network again, JSON-ready."""
    config = {k: v for k, v in dict(network.config).items() if not k.startswith("_")}
    return dict(json.loads(json.dumps({"_class_name": type(network).__name__, **config})))


def save(networks: Mapping[str, nn.Module], more: Mapping[str, Any], path: Path) -> None:
    """Write networks as fp16, their configurations and `more` that is to be known of them, to one file.

    Raises:
        EchoError: if a weight is NaN, infinite or too large for fp16.
    """
    weights: dict[str, Tensor] = {}
    for part, network in networks.items():
        weights |= _halves(network, f"{part}.")
    configs = {part: config_of(network) for part, network in networks.items()}
    metadata = {KEY: json.dumps({"networks": configs, **more}, sort_keys=True)}
    with atomic_path(path) as temporary:
        save_file(weights, temporary, metadata=metadata)


def save_folder(network: nn.Module, folder: Path) -> None:
    """Write a network in the published layout, as fp16. Raises EchoError as `save`."""
    weights = _halves(network)
    write_json(folder / "config.json", config_of(network))
    with atomic_path(folder / PUBLISHED) as temporary:
        save_file(weights, temporary, metadata={"format": "pt"})


def _halves(network: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    halves: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        half = value.detach().cpu()
        half = (half.to(torch.float16) if half.is_floating_point() else half).contiguous()
        if half.is_floating_point() and not bool(torch.isfinite(half).all()):
            raise EchoError(f"weight {prefix}{name} is not finite; the training diverged, nothing was saved")
        halves[f"{prefix}{name}"] = half
    return halves


def load(path: Path) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """Networks of a file that `save` wrote, in evaluation mode and float32, and what is known of them.

    Raises:
        EchoError: when it is no such file, or its weights do not fit (at most ten differences are named).
    """
    weights = _read(path)
    configs, known = described(path)
    parts: dict[str, nn.Module] = {}
    for part, config in configs.items():
        own = {k.removeprefix(f"{part}."): v for k, v in weights.items() if k.startswith(f"{part}.")}
        parts[part] = filled(build(config), own, f"{path} ({part})")
    strange = [k for k in weights if not any(k.startswith(f"{part}.") for part in configs)]
    if strange:
        raise EchoError(f"{path} holds weights of no network that it names, {strange[0]!r} among them")
    return parts, known


def described(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The configurations in a file that `save` wrote, by network, and what is known of them; reads no weight.

    Raises:
        EchoError: when it is no such file.
    """
    try:
        with _opened(path) as stream:
            known = json.loads((stream.metadata() or {})[KEY])
        return {part: dict(config) for part, config in known.pop("networks").items()}, known
    except (KeyError, ValueError, AttributeError, TypeError):
        raise EchoError(f"{path} does not say which networks it holds: it is no generator of ours") from None


def load_folder(folder: Path) -> nn.Module:
    """The network of a published folder, `config.json` and `diffusion_pytorch_model.safetensors`.

    Raises:
        EchoError: when one is missing or they do not fit each other (at most ten differences are named).
    """
    return filled(build(config_in(folder)), _read(folder / PUBLISHED), str(folder))


def config_in(folder: Path, weights: str = PUBLISHED) -> dict[str, Any]:
    """The configuration in a published folder, whose file of weights must be there too.

    Raises:
        EchoError: when one is missing.
    """
    config, file = folder / "config.json", folder / weights
    absent = [path.name for path in (config, file) if not path.is_file()]
    if absent:
        pickled = sorted(path.name for path in folder.glob("*.bin")) if folder.is_dir() else []
        why = f"; {_refused(pickled[0])}" if pickled else ""
        raise EchoError(f"{folder} holds no {' and no '.join(absent)}{why}")
    content = read_json(config)
    if not isinstance(content, dict):
        raise EchoError(f"{config} must hold names with values")
    return content


def out_of_memory(error: RuntimeError) -> bool:
    """Whether an error of torch's says so; on a CPU it has no class of its own."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _refused(name: str) -> str:
    return f"{name} is a pickle, which can run code: convert it to safetensors"


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if path.suffix in PICKLES:
        raise EchoError(_refused(str(path)))
    try:
        with safe_open(path, framework="pt") as stream:
            yield stream
    except (SafetensorError, OSError) as error:
        raise EchoError(f"{path} is not a readable safetensors file: {error}") from error


def _read(path: Path) -> dict[str, Tensor]:
    with _opened(path) as stream:
        return {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118


def filled(network: nn.Module, weights: Mapping[str, Tensor], where: str) -> nn.Module:
    """The network with these weights, in evaluation mode.

    Raises:
        EchoError: when they do not fit; says what was expected and found, key by key, at most ten.
    """
    expected = network.state_dict()
    differences = [f"{name} is missing" for name in expected if name not in weights]
    differences += [f"{name} was not expected" for name in weights if name not in expected]
    differences += [
        f"{name} has shape {list(weights[name].shape)}, expected {list(value.shape)}"
        for name, value in expected.items()
        if name in weights and weights[name].shape != value.shape
    ]
    if differences:
        more = f" and {len(differences) - TOLD} more" if len(differences) > TOLD else ""
        raise EchoError(f"{where} does not fit its configuration: {'; '.join(differences[:TOLD])}{more}")
    broken = [k for k, v in weights.items() if v.is_floating_point() and not bool(torch.isfinite(v).all())]
    if broken:
        raise EchoError(f"{where} holds NaN or infinite weights, {broken[0]!r} among them")
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    return network.eval()
