"""Where a generator's mask videos come from: files of the user's, or `sim`'s anatomy."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.students.checkpoint import sha256
from echodfkd.synth.masks.complete import complete
from echodfkd.synth.masks.draw import drawn_map
from echodfkd.synth.masks.maps import LabelMap, LabelVideo
from echodfkd.synth.masks.motion import Beat, make_motion
from echodfkd.synth.masks.read import read_map


@dataclass(frozen=True)
class MaskSource:
    """Label maps that beat, or stand still, one for each clip.

    Args:
        files: label maps of ED, taken in turn; none draws them from `sim`'s anatomy.
        motion: see `MOTIONS`. view, preset: of drawn ones. size: side in pixels.
    """

    files: tuple[Path, ...] = ()
    motion: str = "prescribed"
    view: str = "a4c"
    preset: str = "echonet"
    size: int = 112

    def map(self, seed: int, index: int) -> LabelMap:
        """The label map of clip `index`, with all tissues and a cone."""
        if self.files:
            return self._read[index % len(self.files)]
        return complete(drawn_map(seed, index, self.preset, self.view, self.size))

    def video(self, seed: int, index: int, rng: np.random.Generator, beat: Beat) -> LabelVideo:
        """The masks of clip `index`. `rng` draws what is left open of how it moves."""
        return make_motion(self.motion)(self.map(seed, index), rng, beat)

    @cached_property
    def _read(self) -> list[LabelMap]:
        return [complete(read_map(path, size=self.size)) for path in self.files]

    def parameters(self) -> dict[str, Any]:
        """What shapes its videos, JSON-ready; files by their content."""
        files = [sha256(path) for path in self.files]
        drawn = {} if self.files else {"view": self.view, "preset": self.preset}
        return {"mask": files, "motion": self.motion, "size": self.size, **drawn}

    @property
    def notes(self) -> list[str]:
        """What the user should know of the files, one sentence each."""
        return [
            f"{path.name}: {note}"
            for path, one in zip(self.files, self._read, strict=False)
            for note in one.notes
        ]
