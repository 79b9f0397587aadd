"""What every generator of clips is: a source where clip i depends on (parameters, seed, i) alone."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from echodfkd.clip import Clip

FRACTIONS = (5.0, 90.0)  # percent: the ejection fractions that can be asked for


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


@runtime_checkable
class BatchGenerator(Generator, Protocol):
    """A generator that is quicker with several clips at once; their pixels may differ by one grey level.

    Attributes:
        batch: how many clips it likes at once. device: where its networks run, as `--device` says it.
    """

    batch: int
    device: str

    def clips(self, seed: int, indices: Sequence[int]) -> list[Clip]:
        """The clips of these numbers, in this order."""
        ...


def clinic_ef(rng: np.random.Generator) -> float:
    """An ejection fraction in percent from the mix of a clinic: half of it healthy, half of it anything."""
    drawn = rng.normal(60, 7) if rng.random() < 0.5 else rng.uniform(12, 70)
    return float(np.clip(drawn, 10, 80))


def clip_name(generator: str, seed: int, index: int) -> str:
    """File stem of a clip; a variant's colon, which Windows forbids, becomes a dash.

    >>> clip_name("free-echo:static", 0, 12)
    'free-echo-static-0-000012'
    """
    return f"{generator.replace(':', '-')}-{seed}-{index:06d}"
