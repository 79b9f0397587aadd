"""What teachers and students have in common: they turn grey frames into soft LV masks."""

from typing import Protocol, runtime_checkable

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames

Prob = npt.NDArray[np.uint8]  # (T, H, W), LV probability, 255 = certain


@runtime_checkable
class Segmenter(Protocol):
    """A model that finds the LV cavity: a teacher, a student, an exported file.

    Attributes:
        name: what the user called it ("default", "sim", a file stem).
        digest: sha256 of its weights, 64 hex digits; label folders carry the first 8.
        claim: "real-free", or "data-free: teacher saw ...".
        convention: where its contour runs: "echonet", "ase" or "unknown".
        size: side in pixels of the square frames it works on.
    """

    name: str
    digest: str
    claim: str
    convention: str
    size: int

    def predict(self, frames: Frames) -> Prob:
        """LV probability of each pixel: uint8 (T, size, size) grey -> uint8 (T, size, size). Any T >= 1."""
        ...


def fit_square(frames: Frames, size: int) -> Frames:
    """Resize frames (T, H, W) to (T, size, size): area average when shrinking, linear when growing."""
    if frames.shape[1:] == (size, size):
        return frames
    how = cv2.INTER_AREA if frames.shape[1] > size else cv2.INTER_LINEAR
    return np.stack([cv2.resize(frame, (size, size), interpolation=how) for frame in frames])
