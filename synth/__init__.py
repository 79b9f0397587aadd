"""Generators of echodfkd, imported as `echodfkd.synth`."""

if __name__ != "echodfkd.synth":  # a second copy of every registry would split isinstance
    raise ImportError("import this package as 'echodfkd.synth', not as 'synth'")

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from echodfkd.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from echodfkd.synth.base import Generator


def _sim(**options: Any) -> "Generator":
    from echodfkd.synth.sim.generator import SimGenerator

    return SimGenerator(**options)


GENERATORS: dict[str, Callable[..., "Generator"]] = {
    "sim": _sim,
}


def make_generator(name: str, **options: Any) -> "Generator":
    """The generator of a name with its options.

    Raises:
        UsageError: for an unknown name, or an option that this generator does not have.
    """
    if name not in GENERATORS:
        raise unknown_name("generator", name, list(GENERATORS))
    try:
        return GENERATORS[name](**options)
    except TypeError as error:
        raise UsageError(f"generator {name!r}: {error}") from error


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
