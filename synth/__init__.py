"""Generators of echodfkd, imported as `echodfkd.synth`."""

if __name__ != "echodfkd.synth":  # a second copy of every registry would split isinstance
    raise ImportError("import this package as 'echodfkd.synth', not as 'synth'")

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

from echodfkd.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from echodfkd.synth.base import Generator


Maker = Callable[..., "Generator"]  # a class, or one with some options settled


def _sim() -> Maker:
    from echodfkd.synth.sim.generator import SimGenerator

    return SimGenerator


def _echonet_synthetic(variant: str = "") -> Maker:
    from echodfkd.synth.echonet_synthetic.generator import EchoNetSyntheticGenerator

    return partial(EchoNetSyntheticGenerator, variant=variant)


def _free_echo(variant: str = "") -> Maker:
    from echodfkd.synth.free_echo.generator import FreeEchoGenerator

    return partial(FreeEchoGenerator, variant=variant)


def _flow() -> Maker:
    from echodfkd.synth.flow.generator import FlowGenerator

    return FlowGenerator


def _medical_diffusion() -> Maker:
    from echodfkd.synth.medical_diffusion.generator import MedicalDiffusionGenerator

    return MedicalDiffusionGenerator


def _semantic_diffusion(variant: str = "") -> Maker:
    from echodfkd.synth.semantic_diffusion.generator import SemanticDiffusionGenerator

    return partial(SemanticDiffusionGenerator, variant=variant)


def _diffecho_text(variant: str) -> Maker:
    from echodfkd.synth.diffecho.generator import TextGenerator

    return partial(TextGenerator, variant=variant)


def _diffecho_unconditional() -> Maker:
    from echodfkd.synth.diffecho.generator import UnconditionalGenerator

    return UnconditionalGenerator


def _diffecho_controlnet() -> Maker:
    from echodfkd.synth.diffecho.controlnet import ControlNetGenerator

    return ControlNetGenerator


SEMANTIC = ("sdm", "ve", "vp", "edm", "gamma-64", "gamma-128", "ddgm")  # what `semantic-diffusion` compares

GENERATORS: dict[str, Callable[[], Maker]] = {
    "sim": _sim,
    "free-echo": _free_echo,
    "free-echo:static": partial(_free_echo, "static"),
    "flow": _flow,
    "echonet-synthetic": _echonet_synthetic,
    "echonet-synthetic:ped-a4c": partial(_echonet_synthetic, "ped-a4c"),
    "echonet-synthetic:ped-psax": partial(_echonet_synthetic, "ped-psax"),
    "medical-diffusion": _medical_diffusion,
    "semantic-diffusion": _semantic_diffusion,
    **{f"semantic-diffusion:{variant}": partial(_semantic_diffusion, variant) for variant in SEMANTIC},
    "diffecho": partial(_diffecho_text, ""),
    "diffecho:text": partial(_diffecho_text, "text"),
    "diffecho:unconditional": _diffecho_unconditional,
    "diffecho:controlnet": _diffecho_controlnet,
}


def make_generator(name: str, **options: Any) -> "Generator":
    """The generator of a name with its options.

    Raises:
        UsageError: for an unknown name, or an option that this generator does not have.
    """
    known = options_of(name)
    foreign = [option for option in options if option not in known]
    if foreign:
        raise UsageError(f"generator {name!r} has no option --{', --'.join(foreign)}")
    return _maker(name)(**options)


def options_of(name: str) -> set[str]:
    """Names of the options that a generator has. Raises UsageError for an unknown name."""
    return {*signature(_maker(name)).parameters}


def _maker(name: str) -> Maker:
    if name not in GENERATORS:
        raise unknown_name("generator", name, list(GENERATORS))
    return GENERATORS[name]()


def _sim_training(frames: int) -> list["Generator"]:
    from echodfkd.synth.mixture import training_mixture

    return [*training_mixture(frames)]


TRAINING: dict[str, Callable[[int], list["Generator"]]] = {  # the settings that training takes in turn
    "sim": _sim_training,
}


def training_generators(name: str, frames: int) -> list["Generator"]:
    """Generators that take turns while a network learns: one name in several settings.

    Raises:
        UsageError: for a name that no network can be trained from.
    """
    if name not in TRAINING:
        raise unknown_name("generator to train from", name, list(TRAINING))
    return TRAINING[name](frames)
