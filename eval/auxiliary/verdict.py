"""One plain sentence on whether an auxiliary deserves trust, from what `trust` found."""

from collections.abc import Mapping
from typing import Any

BLIND = ("area alone", "mean shape")  # judges that see no picture
WRONG = "null: frames of another clip"
FEW = 8  # clips, below which the intervals say little
RULE = (
    "The sentence follows from the table: a judge tells good masks from bad ones if its Spearman over all "
    "masks is .7 or more and the interval lies above the figures of the judges that see no picture and of "
    "itself before frames of another clip; it ranks masks, or models, of Dice .80 to .95 if the interval of "
    "its Spearman there lies above 0."
)


def verdict(found: Mapping[str, Any], name: str) -> str:
    """The sentence; `found` is what `trust` returned, `name` the auxiliary's."""
    judges = found["judges"]
    figures = judges["auxiliary"]
    few = f" It rests on {found['clips']} clips only." if found["clips"] < FEW else ""
    if not _tells(judges):
        return f"{name} does not deserve trust here: it does not tell good masks from bad ones.{few}"
    rho = f"{name} tells good masks from bad ones (Spearman {figures['all']['spearman']:.2f})"
    if not _above(figures[".80 to .95"], 0):
        return f"{rho}, but among masks of Dice .80 to .95 it shows no order: trust it no further.{few}"
    narrow = f"{rho} and follows faults between .80 and .95 ({figures['.80 to .95']['spearman']:.2f})"
    if not _above(figures["models, .80 to .95"], 0):
        return f"{narrow}, but do not rank good models by it: among their masks it shows no order.{few}"
    models = figures["models, .80 to .95"]["spearman"]
    return f"{narrow}, among masks of models, too ({models:.2f}): it deserves trust on clips like these.{few}"


def _tells(judges: Mapping[str, Any]) -> bool:
    others = [judges[one]["all"]["spearman"] for one in (*BLIND, WRONG) if one in judges]
    own = judges["auxiliary"]["all"]
    bar = max([value for value in others if value is not None], default=0.0)
    return own["spearman"] is not None and own["spearman"] >= 0.7 and _above(own, bar)


def _above(figure: Mapping[str, Any], bar: float) -> bool:
    """Whether the whole interval of a figure lies above a bar."""
    return figure["interval_95"] is not None and figure["interval_95"][0] > bar
