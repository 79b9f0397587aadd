"""What the captions of simclip say, and which of them are true of a picture.

A picture is contrasted with all texts of a group: a soft label over them says how true each is.
B pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.eval.auxiliary.simclip.words import STEP

Soft = npt.NDArray[np.float32]  # (B, texts): sums to 1, or to 0 where nothing is known
PERCENT = [str(value) for value in range(0, 101, STEP)]


@dataclass(frozen=True)
class Group:
    """Texts of which one is true. texts: with "<#>" for each of `fill`. weight: of its loss."""

    templates: tuple[str, ...]
    fill: tuple[str, ...]
    weight: float = 1.0

    def texts(self, template: int) -> list[str]:
        """The texts in the words of one template (any number: they take turns)."""
        words = self.templates[template % len(self.templates)]
        return [words.replace("<#>", value) for value in self.fill]


GROUPS: dict[str, Group] = {
    "view": Group(
        ("<#>",),
        (
            "apical four chamber view",
            "apical two chamber view",
            "no heart",
            "parasternal short axis view",
            "parasternal long axis view",
        ),
        0.3,
    ),
    "valve": Group(("the mitral valve is <#>", "mitral valve <#>"), ("open", "closed"), 0.3),
    "phase": Group(("end <#>",), ("diastole", "systole"), 0.3),
    "ef": Group(
        (
            "left ventricular ejection fraction <#>%",
            "ejection fraction <#>%",
            "LV ejection fraction is <#>%",
        ),
        tuple(PERCENT),
        0.3,
    ),
    "size": Group(("<#> left ventricle", "left ventricle is <#>"), ("small", "normal", "large"), 0.3),
    "shown": Group(("<#>", "<#> visible"), ("left ventricle", "part of left ventricle", "wall", "nothing")),
    "fit": Group(("mask <#>",), ("too small", "fits", "too large"), 0.5),
    "overlap": Group(("mask overlap <#>", "overlap <#>%"), tuple(PERCENT), 2.0),
}


def one_of(numbers: npt.ArrayLike, count: int) -> Soft:
    """Soft labels of whole numbers (B,), negative for unknown."""
    numbers = np.asarray(numbers, np.int64)
    rows = np.eye(count, dtype=np.float32)[np.maximum(numbers, 0)]
    return rows * (numbers >= 0)[:, None]


def between(percent: npt.ArrayLike, spread: float = 0.0) -> Soft:
    """Soft labels over `PERCENT` whose mean is the value (B,), NaN for unknown.

    Args:
        percent: 0..100. spread: points, of a bell around the value; 0 gives its two neighbours alone.
    """
    values = np.asarray(percent, np.float64)
    known = np.isfinite(values)
    distance = np.abs(np.arange(0, 101, STEP) - np.where(known, values, 0.0)[:, None])
    rows = np.exp(-0.5 * (distance / spread) ** 2) if spread else np.clip(1 - distance / STEP, 0, None)
    return np.asarray(rows / rows.sum(1, keepdims=True) * known[:, None], np.float32)


def shown(lv: float, wall: float) -> int:
    """Which text of the group "shown" holds for a blacked out mask: shares of LV and wall left to see."""
    if lv > 0.4:
        return 0
    if lv > 0.08:
        return 1
    return 2 if wall > 0.75 else 3


def shown_alone(lv: float, wall: float) -> int:
    """Which text of the group "shown" holds for a mask shown alone: what shares of it are LV and wall."""
    if lv > 0.4:
        return 0 if lv > 0.85 else 1
    return 2 if wall > 0.3 else 3


def fit(found: float, true: float) -> int:
    """Which text of the group "fit" holds for areas of a mask and of the LV in pixels."""
    ratio = (found + 1) / (true + 1)
    return 0 if ratio < 0.87 else 2 if ratio > 1.15 else 1


Labels = Mapping[str, Soft]
