"""Generators that take turns in one set: its clips show several views, say, one after the other."""

from typing import Any

from echodfkd.clip import Clip
from echodfkd.synth.base import Generator


class InTurn:
    """Clip i is clip i of generator i modulo their number.

    Args:
        generators: of one name and version.
    """

    def __init__(self, *generators: Generator) -> None:
        self.generators = generators
        self.name, self.version = generators[0].name, generators[0].version

    def parameters(self) -> dict[str, Any]:
        """Of all of them."""
        return {"in_turn": [generator.parameters() for generator in self.generators]}

    def clip(self, seed: int, index: int) -> Clip:
        """Clip `index` of the set of `seed`."""
        return self.generators[index % len(self.generators)].clip(seed, index)
