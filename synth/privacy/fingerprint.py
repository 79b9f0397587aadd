"""What every fingerprint is: numbers that a copied frame keeps, and that differ between patients."""

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.errors import EchoError

Features = npt.NDArray[np.float32]  # (T, D)
_FLAT = 1e-6  # spread below which a feature vector has no direction


@runtime_checkable
class Fingerprint(Protocol):
    """Describes frames; must survive pickling, since worker processes get copies.

    Attributes:
        name: for reports. digest: changes whenever equal frames would give other features.
        rule: how its threshold is set, a name in `threshold.RULES`.
    """

    name: str
    digest: str
    rule: str

    def __call__(self, frames: Frames) -> Features:
        """Features float32 (T, D) of frames uint8 (T, H, W), each frame by itself."""
        ...


def unit_rows(features: Features) -> Features:
    """Rows of mean 0 and length 1, float32 (T, D): their products are Pearson correlations.

    A row without any spread, such as that of a black frame, becomes 0 and correlates with nothing.

    Raises:
        EchoError: when a feature is NaN or infinite.
    """
    if not np.isfinite(features).all():
        raise EchoError("a fingerprint is NaN or infinite: its network's weights do not fit these frames")
    centred = features - features.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(np.where(length > _FLAT, centred / np.maximum(length, _FLAT), 0.0), np.float32)
