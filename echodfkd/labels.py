"""Label values of other data sets and what they are called here: the one table, and how it is chosen from.

Sources: CAMUS (Leclerc et al., IEEE TMI 2019), DiffEcho (arXiv 2403.19880), EDMLX (arXiv 2409.19371).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Label, Mask
from echodfkd.errors import EchoError, unknown_name


@dataclass(frozen=True)
class Scheme:
    """What the values of one data set mean.

    Attributes:
        classes: value -> our class.
        fills_cone: whether every value but 0 lies inside the ultrasound cone and all of the cone has one.
    """

    classes: dict[int, Label]
    fills_cone: bool = False


SCHEMES: dict[str, Scheme] = {  # where several fit and say the same, the first one is named
    "lv": Scheme({0: Label.BACKGROUND, 1: Label.LV, 255: Label.LV}),
    "camus": Scheme({0: Label.BACKGROUND, 1: Label.LV, 2: Label.MYOCARDIUM, 3: Label.LA}),
    "echodfkd": Scheme({int(label): label for label in Label}),
    "diffecho": Scheme({0: Label.BACKGROUND, 85: Label.LV, 170: Label.MYOCARDIUM, 255: Label.LA}),
    "edmlx": Scheme(
        {0: Label.BACKGROUND, 1: Label.LV, 2: Label.BACKGROUND, 3: Label.MYOCARDIUM, 4: Label.LA},
        fills_cone=True,
    ),
}


def fitting_schemes(labels: npt.NDArray) -> list[str]:
    """The schemes that have every value of a map or sequence, bool or integer of any shape; in order."""
    values = _values(labels)
    return [name for name, scheme in SCHEMES.items() if values <= set(scheme.classes)]


def detect_scheme(labels: npt.NDArray) -> str:
    """The scheme of a label map or sequence, bool or integer (..., H, W), by the values in it.

    Two readings of the same values can only differ between EDMLX and the others (its 2 is any tissue in the
    cone, its 3 the myocardium). Anatomy settles that: the one of 2 and 3 that borders more of the LV is the
    myocardium.

    Raises:
        EchoError: when a value belongs to no scheme; it names the values and the schemes.
    """
    fitting = fitting_schemes(labels)
    if not fitting:
        raise EchoError(f"unknown labels {_listed(_values(labels))}; known are: {told()}")
    if "edmlx" in fitting and len(fitting) > 1:
        fitting = ["edmlx"] if _myocardium_is_3(labels) else [name for name in fitting if name != "edmlx"]
    return fitting[0]


def to_ours(labels: npt.NDArray, scheme: str) -> Mask:
    """Labels of a scheme, bool or integer of any shape -> uint8 of `Label` values, same shape.

    Raises:
        UsageError: for an unknown scheme. EchoError: for a value that the scheme does not have.
    """
    if scheme not in SCHEMES:
        raise unknown_name("label scheme", scheme, list(SCHEMES))
    classes = SCHEMES[scheme].classes
    if strange := _values(labels) - set(classes):
        known = _listed(set(classes))
        raise EchoError(f"unknown labels {_listed(strange)}: label scheme {scheme!r} has {known}")
    table = np.zeros(256, np.uint8)
    table[list(classes)] = list(classes.values())
    return np.asarray(table[labels.astype(np.uint8)], np.uint8)


def told() -> str:
    """The table on one line, for messages."""
    return "; ".join(f"{name} ({_listed(set(scheme.classes))})" for name, scheme in SCHEMES.items())


def _values(labels: npt.NDArray) -> set[int]:
    if labels.dtype.kind not in "biu":
        raise EchoError(f"labels must be whole numbers, got {labels.dtype}")
    return {int(value) for value in np.unique(labels)}


def _listed(values: set[int]) -> str:
    first = sorted(values)[:8]
    return ", ".join(map(str, first)) + (", ..." if len(values) > len(first) else "")


def _myocardium_is_3(labels: npt.NDArray) -> bool:
    """Whether more pixels of 3 than of 2 border the LV (1); labels (..., H, W)."""
    frames = labels.reshape(-1, *labels.shape[-2:]).astype(np.uint8)
    rims = [
        frame[(cv2.dilate((frame == 1).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)] for frame in frames
    ]
    counts = np.bincount(np.concatenate(rims), minlength=4)
    return bool(counts[3] > counts[2])
