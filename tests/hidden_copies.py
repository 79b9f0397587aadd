"""Small sets for the re-identification filter: training clips of `sim`, and a generator that repeats some."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.synth.privacy.copies import altered_copy
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.write import write_clip_set

TRAINING_SEED = 1


def sim(frames: int = 10) -> SimGenerator:
    return SimGenerator(frames=frames, size=64, fps=25.0)


@cache
def sim_clip(seed: int, index: int) -> Clip:
    """Clips that tests draw again and again."""
    return sim().clip(seed, index)


def training_set(root: Path, clips: int = 24, frames: int = 10) -> ClipSet:
    return ClipSet.open(write_clip_set(sim(frames), root, clips=clips, seed=TRAINING_SEED).root)


@dataclass(frozen=True)
class Repeating:
    """Draws what `sim` draws, but for the clips `repeats`, which are altered copies of training clips."""

    repeats: tuple[int, ...] = ()
    always: bool = False
    name: str = "repeating"
    version: str = "1"

    def parameters(self) -> dict[str, Any]:
        return {"repeats": self.repeats, "always": self.always}

    def clip(self, seed: int, index: int) -> Clip:
        if index in self.repeats or self.always:
            copied = sim_clip(TRAINING_SEED, index % 24)
            return Clip(frames=altered_copy(copied.frames, np.random.default_rng((seed, index))), fps=25.0)
        return Clip(frames=sim_clip(seed, index).frames, fps=25.0)
