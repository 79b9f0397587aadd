"""Teachers in torch checkpoints: weights of a segmentation_models_pytorch or torchvision network."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from echodfkd.errors import EchoError, UsageError
from echodfkd.teachers.architectures import (
    FORMS,
    SMP_MULTIPLE,
    build,
    count_channels,
    count_classes,
    fill,
    recognise,
)
from echodfkd.teachers.frames import ForeignSegmenter
from echodfkd.teachers.handling import settle_input, settle_output, trial
from echodfkd.teachers.manifest import Facts, facts_beside
from echodfkd.teachers.state_dict import Weights, read_state_dict


def load_checkpoint(path: Path, device: str, name: str = "") -> ForeignSegmenter:
    """The network in a .safetensors file or torch checkpoint, as the manifest beside it says.

    Args:
        path: the file. device: see `pick_device`. name: what to call it, else the file's stem.

    Raises:
        EchoError: if the file or its manifest cannot be used; one line says why.
    """
    facts = facts_beside(path)
    weights, notes = read_state_dict(path)
    facts.notes += notes
    return ready(_network(path, weights, facts), facts, path, device, name)


def ready(network: nn.Module, facts: Facts, path: Path, device: str, name: str = "") -> ForeignSegmenter:
    """A network whose `architecture` and `channels` are settled, tried on test frames, as a teacher.

    Args:
        path: its weights. name: what to call it, else the file's stem.

    Raises:
        EchoError: if it takes neither grey nor colour frames, or makes no masks of them.
    """
    if facts.settled["channels"] not in (1, 3):
        taken = facts.settled["channels"]
        raise EchoError(f"{path} takes frames of {taken} channels; read are 1 (grey) and 3 (colour)")
    multiple = SMP_MULTIPLE if facts.settled["architecture"].startswith("smp:") else 1
    handling = settle_input(facts, facts.settled["channels"], multiple=multiple)
    out = trial(network.eval(), handling, 2, path, facts.manifest)
    handling = replace(handling, **settle_output(facts, out, path, bare=True))
    tell_origin(facts)
    return ForeignSegmenter(network, handling, facts, name or path.stem, facts.digest(path), device)


def tell_origin(facts: Facts) -> None:
    """Settle claim and convention; nothing in a file of weights tells them."""
    facts.guess("claim", "unknown", "what data it has seen")
    facts.guess("convention", "unknown", "where its contour runs: echonet, ase")


def _network(path: Path, weights: Weights, facts: Facts) -> nn.Module:
    architecture = facts.given.get("architecture") or recognise(weights)
    if architecture is None:
        first = ", ".join(list(weights)[:2])
        raise EchoError(
            f"{path} holds a network that is not recognised ({first}, ...): "
            f'write its name to {facts.manifest}, {{"architecture": "..."}}, in the form {FORMS}'
        )
    channels = facts.read("channels", count_channels(weights), path)
    classes = count_classes(weights)
    if classes is None:
        raise EchoError(f"{path} has no output layer of segmentation_models_pytorch or torchvision")
    aux = any(name.startswith("aux_classifier.") for name in weights)
    try:
        network = build(architecture, channels, classes, aux=aux)
    except UsageError as error:  # the manifest is wrong, not the command line
        raise EchoError(f"{facts.manifest}: {error}") from error
    fill(network, weights, f"the weights of {path} and {architecture}")
    facts.settled["architecture"] = architecture
    return network
