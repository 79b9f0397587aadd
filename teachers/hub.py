"""Teachers in the layout of the Hugging Face hub, in a repository there or in a folder here.

Read are the layout of segmentation_models_pytorch (`config.json` with "_model_class", `model.safetensors`),
runs of `echodfkd distill`, and weights as a file of its own may hold them; `model.json` is their manifest.
"""

from pathlib import Path
from typing import Any

from echodfkd.errors import EchoError
from echodfkd.files import read_json
from echodfkd.hub import PREFIX, fetched
from echodfkd.segmenter import Segmenter
from echodfkd.students.runtime import load_torch
from echodfkd.teachers.architectures import build, fill
from echodfkd.teachers.checkpoint import load_checkpoint, ready
from echodfkd.teachers.frames import ForeignSegmenter
from echodfkd.teachers.manifest import facts_beside
from echodfkd.teachers.state_dict import read_state_dict

STUDENT = "student.safetensors"
WEIGHTS = (STUDENT, "model.safetensors", "pytorch_model.bin")  # best first; .bin is read as weights only
_WEIGHTLESS = ("_model_class", "encoder_name", "encoder_weights", "in_channels", "classes", "activation")


def load_repository(name: str, device: str) -> Segmenter:
    """The network of a repository, fetched once into the hub's own cache: weights and JSON, no code.

    Raises:
        EchoError: if the hub cannot be reached or has no such repository, or the weights cannot be used.
    """
    repository = name.removeprefix(PREFIX)
    patterns = ["*.json", "*.safetensors"]
    folder = fetched(name, patterns)
    if not any(folder.glob("*.safetensors")):
        folder = fetched(name, [*patterns, WEIGHTS[-1]])
    return load_folder(folder, device, repository.replace("/", "-"))


def is_folder_of_weights(folder: Path) -> bool:
    """Whether a folder has the hub's layout and is no run of ours."""
    return not (folder / STUDENT).is_file() and any((folder / name).is_file() for name in WEIGHTS)


def load_folder(folder: Path, device: str, name: str = "") -> Segmenter:
    """The network in a folder of the hub's layout. name: what to call it, else the folder's name.

    Raises:
        EchoError: if it holds no weights that are read here, or they do not fit its config.json.
    """
    path = next((folder / file for file in WEIGHTS if (folder / file).is_file()), None)
    if path is None:
        raise EchoError(f"{name or folder} holds no weights: looked for {', '.join(WEIGHTS)}")
    called = name or folder.resolve().name
    if path.name == STUDENT:
        return load_torch(path, device, called)
    config = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    if isinstance(config, dict) and "_model_class" in config:
        return _saved_by_smp(path, config, device, called)
    return load_checkpoint(path, device, called)


def _saved_by_smp(path: Path, config: dict[str, Any], device: str, name: str) -> ForeignSegmenter:
    """A network that segmentation_models_pytorch saved; without its activation, so that it makes logits."""
    facts = facts_beside(path)
    try:
        architecture = f"smp:{config['_model_class']}:{config['encoder_name']}"
        channels, classes = int(config["in_channels"]), int(config["classes"])
        options = {key: value for key, value in config.items() if key not in _WEIGHTLESS}
        network = build(architecture, channels, classes, **options)
    except (KeyError, TypeError, ValueError, EchoError) as error:
        raise EchoError(f"{path.parent / 'config.json'} does not describe a network: {error}") from error
    facts.read("architecture", architecture, path)
    facts.read("channels", channels, path)
    weights, notes = read_state_dict(path)
    facts.notes += notes
    fill(network, weights, f"the weights of {path} and {architecture}")
    return ready(network, facts, path, device, name)
