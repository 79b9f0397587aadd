"""Where stills to learn from are drawn when nobody gives any: `sim` at ED and ES, in both views."""

from echodfkd.errors import unknown_name
from echodfkd.synth.base import Generator
from echodfkd.synth.diffecho.words import CLASSES
from echodfkd.synth.in_turn import InTurn
from echodfkd.synth.sim.stills import SimStills


def sim_stills(name: str, size: int) -> Generator:
    """ED and ES of both views in turn.

    Raises:
        UsageError: for another generator than `sim`, whose moments nobody knows.
    """
    if name != SimStills.name:
        raise unknown_name("generator of stills at ED and ES", name, [SimStills.name])
    return InTurn(*(SimStills(size, view, phase) for view, phase in CLASSES))
