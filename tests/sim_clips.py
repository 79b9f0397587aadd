"""Files like those of real clips, made by `sim`, and segmenters that know their exact masks."""

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from echodfkd.beats import detect_events
from echodfkd.clip import BoolMask, Clip, Frames
from echodfkd.sector import crop, find_sector
from echodfkd.segment.masks import lv_masks
from echodfkd.synth.sim.generator import SimGenerator

FPS = 25.0


def sim_clips(count: int, seed: int = 5) -> list[Clip]:
    """Clips of 40 frames of 64x64 with a beat, an LV in one piece and a sector that fills the frame."""
    generator = SimGenerator(frames=40, size=64, fps=FPS)
    drawn = (generator.clip(seed, index) for index in range(20))
    return list(islice(filter(_fits, drawn), count))


def _fits(clip: Clip) -> bool:
    assert clip.lv is not None
    lv = np.uint8(255) * clip.lv.astype(np.uint8)
    events = detect_events(clip.lv.sum((1, 2)), FPS)
    kept = np.array_equal(crop(lv, find_sector(clip.frames), 64, clip.spacing_mm), lv)
    return kept and bool(events.ed and events.es) and np.array_equal(lv_masks(lv), clip.lv)


def save(folder: Path, clip: Clip, **more: object) -> Path:
    """A clip as .npz with what `more` says besides its video, rate and spacing; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{clip.name}.npz"
    np.savez(path, video=clip.frames, fps=FPS, spacing_mm=clip.spacing_mm, **more)
    return path


def save_folder(root: Path) -> Path:
    """Two clips with masks, one with an EF of 45%; returns the folder."""
    first, second, third = sim_clips(3)
    save(root / "masks", first, mask=first.lv)
    save(root / "masks", second, mask=second.lv)
    save(root / "ef", third, ef=45.0)
    return root


@dataclass
class Exact:
    """Knows the exact masks of some clips, moved `shift` pixels to the right; finds nothing elsewhere."""

    clips: list[Clip]
    shift: int = 0
    name: str = "exact"
    digest: str = "cd" * 32
    claim: str = "real-free"
    convention: str = "echonet"
    size: int = 64
    known: dict[bytes, BoolMask] = field(init=False)

    def __post_init__(self) -> None:
        self.known = {
            _middle(frame): np.roll(mask, self.shift, axis=1)
            for clip in self.clips
            if clip.lv is not None
            for frame, mask in zip(clip.frames, clip.lv, strict=True)
        }

    def predict(self, frames: Frames) -> Frames:
        nothing = np.zeros(frames.shape[1:], bool)
        return np.stack([np.uint8(255) * self.known.get(_middle(frame), nothing) for frame in frames])


def _middle(frame: Frames) -> bytes:
    """What tells a frame from all others: its middle, where no crop to the sector blackens anything."""
    return frame[24:40, 24:40].tobytes()
