"""How a frame shows a mask to simclip, which sees nothing but pictures."""

import numpy as np

from echodfkd.clip import BoolMask, Frames


def blacked_out(frames: Frames, masks: BoolMask) -> Frames:
    """Frames (T, H, W) with the masked part black, as in the published mask score."""
    return np.where(masks, np.uint8(0), frames)


def alone(frames: Frames, masks: BoolMask) -> Frames:
    """Frames (T, H, W) with all but the masked part black."""
    return np.where(masks, frames, np.uint8(0))


def in_negative(frames: Frames, masks: BoolMask) -> Frames:
    """Frames (T, H, W) with the masked part in negative: nothing of the picture is lost, unlike in black."""
    return np.where(masks, np.uint8(255) - frames, frames)
