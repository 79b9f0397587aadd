"""Clips as volumes for SwinUNETR: some frames of a clip, evenly spaced, and their masks."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from echodfkd.clip import Clip, Label
from echodfkd.clipset import ClipSet
from echodfkd.errors import UsageError

CLASSES = 4  # background, LV, myocardium, left atrium; the right heart is background


@dataclass(frozen=True)
class Volumes:
    """Clips of one shape.

    Attributes:
        frames: float (N, 1, T, H, W) in 0..1. labels: int64 (N, 1, T, H, W) below `CLASSES`, or None.
    """

    frames: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.frames)

    def first(self, count: int) -> "Volumes":
        """The first of them."""
        return Volumes(self.frames[:count], None if self.labels is None else self.labels[:count])


def volumes(clips: ClipSet, shape: tuple[int, int, int], count: int | None = None) -> Volumes:
    """The first clips of a set as volumes (T, H, W); labelled when every one of them has its masks.

    Raises:
        UsageError: when a side is no multiple of 32, or the set has too few clips.
        EchoError: when a clip is unreadable.
    """
    if any(side % 32 for side in shape):
        raise UsageError(f"a volume's sides must be multiples of 32, got {shape}")
    if count is not None and len(clips) < count:
        raise UsageError(f"{clips.root} holds {len(clips)} clips, fewer than the {count} that are asked for")
    loaded = [clips.load(record) for record in clips.records[:count]]
    frames = np.stack([_resized(clip, clip.frames, shape, cv2.INTER_AREA) for clip in loaded])
    masks = [clip.mask for clip in loaded]
    labels: Tensor | None = None
    if all(mask is not None for mask in masks):
        pairs = zip(loaded, masks, strict=True)
        values = np.stack([_resized(c, m, shape, cv2.INTER_NEAREST) for c, m in pairs if m is not None])
        labels = torch.from_numpy(np.where(values <= Label.LA, values, 0).astype(np.int64))[:, None]
    return Volumes(torch.from_numpy(frames)[:, None].float() / 255, labels)


def _resized(clip: Clip, pictures: np.ndarray, shape: Sequence[int], how: int) -> np.ndarray:
    picks = np.linspace(0, len(clip) - 1, shape[0]).round().astype(int)
    size = (shape[2], shape[1])
    return np.stack([cv2.resize(pictures[pick], size, interpolation=how) for pick in picks])
