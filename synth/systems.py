"""Generators with networks that can be trained: `echodfkd train SYSTEM[:PART]`; imports none of them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.errors import unknown_name
from echodfkd.home import model_folder
from echodfkd.weights import FOLDER

if TYPE_CHECKING:
    from echodfkd.synth.diffusion.run import Part

Parts = Mapping[str, "Part"]


def _diffecho() -> Parts:
    from echodfkd.synth.diffecho.parts import PARTS

    return PARTS


def _echonet_synthetic() -> Parts:
    from echodfkd.synth.echonet_synthetic import PARTS

    return PARTS


def _flow() -> Parts:
    from echodfkd.synth.flow.parts import PARTS

    return PARTS


def _free_echo() -> Parts:
    from echodfkd.synth.free_echo.parts import PARTS

    return PARTS


def _medical_diffusion() -> Parts:
    from echodfkd.synth.medical_diffusion.parts import PARTS

    return PARTS


def _semantic_diffusion() -> Parts:
    from echodfkd.synth.semantic_diffusion.parts import PARTS

    return PARTS


SYSTEMS: dict[str, Callable[[], Parts]] = {  # name -> its parts by name; "" is one that has no others
    "diffecho": _diffecho,
    "echonet-synthetic": _echonet_synthetic,
    "flow": _flow,
    "free-echo": _free_echo,
    "medical-diffusion": _medical_diffusion,
    "semantic-diffusion": _semantic_diffusion,
}
SHARED_CODEC = "echonet-synthetic"  # whose vae systems without one of their own work behind


def part_of(name: str) -> "Part":
    """The part that SYSTEM[:PART] names.

    Raises:
        UsageError: for a system or a part that is not there; names the choices.
    """
    system, _, part = name.partition(":")
    if system not in SYSTEMS:
        raise unknown_name("system", system, [*SYSTEMS])
    parts = SYSTEMS[system]()
    if part in parts and name == (f"{system}:{part}" if part else system):
        return parts[part]
    choices = [f"{system}:{one}" if one else system for one in parts]
    raise unknown_name("part", name, choices)


def codec_of(name: str) -> Path | None:
    """Trained weights of the codec that a part works behind, embedded or in the user's folder of models."""
    behind = part_of(name).behind
    systems = [name.partition(":")[0], *([SHARED_CODEC] if behind == "vae" else [])]
    stems = [f"generator-{system}-{behind}" for system in systems]
    files = [folder / f"{stem}.safetensors" for stem in stems for folder in (FOLDER, model_folder())]
    return next((file for file in files if file.is_file()), None)
