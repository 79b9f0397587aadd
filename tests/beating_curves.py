"""Curves of beating ellipses with known EF, as a head learns from them."""

import cv2
import numpy as np
from dark_cavity import beating

from echodfkd.clip import Clip
from echodfkd.heads.curves import ClipCurves, curves_of
from echodfkd.segmenter import Prob


class Soft:
    """Knows the exact masks of one clip; gives them with a soft rim."""

    name, digest, claim, convention, size = "soft", "cd" * 32, "real-free", "echonet", 112

    def __init__(self, mask: np.ndarray) -> None:
        self.mask = mask

    def predict(self, frames: np.ndarray) -> Prob:
        return soft(self.mask)


def soft(mask: np.ndarray) -> Prob:
    """Masks (T, S, S) as probabilities 0..255 with a rim of about two pixels."""
    return np.stack([cv2.GaussianBlur(np.uint8(255) * frame.astype(np.uint8), (0, 0), 1.0) for frame in mask])


def ellipse_curves(frames: int = 50, fps: float = 25.0, beat: int = 20, shrink: float = 0.75) -> ClipCurves:
    """ED at 0, beat, ..., ES halfway between; EF is 1 - shrink^3."""
    video, mask = beating(frames, beat=beat, shrink=shrink)
    at = range(frames)
    clip = Clip(
        frames=video,
        fps=fps,
        mask=mask.astype(np.uint8),
        ed_frames=tuple(f for f in at if f % beat == 0),
        es_frames=tuple(f for f in at if f % beat == beat // 2),
        ef=100 * (1 - shrink**3),
        view="a4c",
    )
    return curves_of(clip, Soft(mask))
