"""The clips that simclip learns from: drawn once, kept in blocks, of seeds that nothing else is drawn from.

N clips, T frames, S pixels a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Clip, Label
from echodfkd.distill.data import ClipMaker
from echodfkd.files import read_npz, remove_leftovers, write_npz
from echodfkd.progress import Track, silent

SEEDS = 4_000_037  # added to the seed: apart from teachers, students and heads, and from what judges them
JUDGES = 4_500_007  # added to the seed for the clips that the training is judged by
FRAMES = 8  # T
BLOCK = 32  # clips to a file
VIEWS = ("a4c", "a2c", "none", "sax", "plax")  # numbers of `Material.view`
STILL = 0.02  # share of the largest area: what changes less between frames shows no phase


@dataclass(frozen=True, eq=False)
class Material:
    """Clips with what captions say of them.

    Attributes:
        frames: uint8 (N, T, S, S), grey. tissues: uint8 (N, T, S, S), values of `Label`.
        view: uint8 (N,), number in `VIEWS`. ef: float32 (N,), percent, NaN where no LV is seen.
        valve: int8 (N, T), 1 while the LV fills, -1 while it empties, 0 unknown.
        full: float32 (N, T), how full the LV is within its clip, 0 = smallest, 1 = largest; NaN unknown.
    """

    frames: npt.NDArray[np.uint8]
    tissues: npt.NDArray[np.uint8]
    view: npt.NDArray[np.uint8]
    ef: npt.NDArray[np.float32]
    valve: npt.NDArray[np.int8]
    full: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """Number of clips N."""
        return len(self.frames)


def material(
    sources: Sequence[ClipMaker], seed: int, count: int, folder: Path, track: Track = silent
) -> Material:
    """Clips 0 .. `count` - 1 of a seed, drawn where `folder` lacks them; generators take turns.

    Raises:
        EchoError: when a kept block is damaged, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    starts = range(0, count, BLOCK)
    paths = [folder / f"{start:06d}-{min(count, start + BLOCK):06d}.npz" for start in starts]
    for start, path in track(zip(starts, paths, strict=True), f"drawing {folder.name}", len(paths)):
        if not path.is_file():
            numbers = range(start, min(count, start + BLOCK))
            write_npz(path, **_block([sources[i % len(sources)].clip(seed, i) for i in numbers]))
    blocks = [read_npz(path) for path in paths]
    return Material(**{key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]})


def _block(clips: Sequence[Clip]) -> dict[str, npt.NDArray[np.generic]]:
    phases = [phase(clip) for clip in clips]
    return {
        "frames": np.stack([clip.frames for clip in clips]),
        "tissues": np.stack([np.zeros_like(c.frames) if c.mask is None else c.mask for c in clips]),
        "view": np.array([VIEWS.index(clip.view or "none") for clip in clips], np.uint8),
        "ef": np.array([np.nan if clip.ef is None else clip.ef for clip in clips], np.float32),
        "valve": np.stack([valve for valve, _ in phases]),
        "full": np.stack([full for _, full in phases]),
    }


def phase(clip: Clip) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Whether the LV fills (1) or empties (-1) and how full it is (0..1), by its area: (T,) twice."""
    area = (clip.mask == Label.LV).sum((1, 2)) if clip.mask is not None else np.zeros(len(clip))
    largest, range_ = float(area.max()), float(np.ptp(area))
    if len(clip) < 2 or range_ < 0.1 * max(largest, 1):
        return np.zeros(len(clip), np.int8), np.full(len(clip), np.nan, np.float32)
    slope = np.gradient(area.astype(np.float64)) / largest
    valve = np.where(np.abs(slope) < STILL, 0, np.sign(slope)).astype(np.int8)
    return valve, ((area - area.min()) / range_).astype(np.float32)
