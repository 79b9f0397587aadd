"""A beating dark ellipse in bright tissue, and a real if simple segmenter that finds it by threshold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames

FPS = 25.0


def beating(
    frames: int = 50, size: int = 112, beat: int = 20, shrink: float = 0.75, seed: int = 0
) -> tuple[Frames, npt.NDArray[np.bool_]]:
    """Video and exact mask (T, size, size): ED at 0, beat, ...; at ES all radii are `shrink` of ED's."""
    time = np.arange(frames)
    radii = size * 0.2 * (1 - (1 - shrink) * (1 - np.cos(2 * np.pi * time / beat)) / 2)
    rows, columns = np.ogrid[:size, :size]
    squares = ((rows - 0.52 * size) / 1.6) ** 2 + (columns - 0.5 * size) ** 2
    mask = squares < radii[:, None, None] ** 2
    noise = np.random.default_rng(seed).integers(0, 60, mask.shape, dtype=np.uint8)
    return noise + np.uint8(140) * ~mask, mask


def in_fan(video: Frames) -> Frames:
    """The same video (T, S, S), black outside a fan whose apex is at the top."""
    size = video.shape[1]
    rows, columns = np.ogrid[:size, :size]
    across, down = columns - 0.5 * size, rows - 0.02 * size
    inside = (np.abs(across) <= down * np.tan(np.deg2rad(42))) & (np.hypot(across, down) < 0.95 * size)
    return np.where(inside, video, 0).astype(np.uint8)


def save_clip(path: Path, video: Frames, **more: Any) -> Path:
    """A clip as an input file; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, video=video, **more)
    return path


@dataclass
class DarkCavity:
    """Finds dark regions that do not touch the border; notes how many frames each call brought."""

    name: str = "dark-cavity"
    digest: str = "ab" * 32
    claim: str = "real-free"
    convention: str = "unknown"
    size: int = 112

    def __post_init__(self) -> None:
        self.calls: list[int] = []

    def predict(self, frames: Frames) -> Frames:
        self.calls.append(len(frames))
        return np.stack([_cavity(frame) for frame in frames])


def _cavity(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    dark = (cv2.GaussianBlur(frame, (0, 0), 1.0) < 100).astype(np.uint8)
    _, pieces = cv2.connectedComponents(dark)
    border = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    inner = (dark > 0) & ~np.isin(pieces, border)
    return np.uint8(255) * inner.astype(np.uint8)
