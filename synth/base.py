"""What every generator of clips is: a source where clip i depends on (parameters, seed, i) alone."""

from typing import Any, Protocol, runtime_checkable

from echodfkd.clip import Clip


@runtime_checkable
class Generator(Protocol):
    """Draws labelled cine loops; must survive pickling, since worker processes get copies.

    Attributes:
        name: the name in the registry, with its variant ("sim", "free-echo:static").
        version: changes whenever the same parameters and seed would give other pixels or labels.
    """

    name: str
    version: str

    def parameters(self) -> dict[str, Any]:
        """Everything that shapes the clips, as JSON-ready values; equal dicts mean equal clips."""
        ...

    def clip(self, seed: int, index: int) -> Clip:
        """Clip number `index` (0-based) of the endless set `seed`, with all labels that the generator has."""
        ...


def clip_name(generator: str, seed: int, index: int) -> str:
    """File stem of a clip; a variant's colon, which Windows forbids, becomes a dash.

    >>> clip_name("free-echo:static", 0, 12)
    'free-echo-static-0-000012'
    """
    return f"{generator.replace(':', '-')}-{seed}-{index:06d}"
