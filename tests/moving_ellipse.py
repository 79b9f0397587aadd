"""A small real generator for tests: a beating ellipse in noise, its mask exact by construction."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from echodfkd.clip import Clip


@dataclass(frozen=True)
class MovingEllipse:
    """`delay` in seconds makes a clip take its time, so that a run can be killed half-way."""

    frames: int = 8
    size: int = 64
    delay: float = 0.0
    name: str = "ellipse"
    version: str = "1"

    def parameters(self) -> dict[str, Any]:
        return {"frames": self.frames, "size": self.size, "range": (0.5, 1.0)}

    def clip(self, seed: int, index: int) -> Clip:
        time.sleep(self.delay)
        rng = np.random.default_rng((seed, index))
        radii = self.size * rng.uniform(0.2, 0.3) * np.linspace(1.0, 0.7, self.frames)
        rows, columns = np.ogrid[: self.size, : self.size]
        centre = self.size / 2
        squares = ((rows - centre) / 1.5) ** 2 + (columns - centre) ** 2
        mask = (squares < radii[:, None, None] ** 2).astype(np.uint8)
        noise = rng.integers(0, 80, mask.shape, dtype=np.uint8)
        return Clip(
            frames=noise + np.uint8(150) * (1 - mask),
            fps=50.0,
            name="set by the writer",
            spacing_mm=(0.5, 0.25),
            mask=mask,
            sector=np.ones(mask.shape[1:], bool),
            ed_frames=(0,),
            es_frames=(self.frames - 1,),
            ef=51.0,
            edv_ml=100.0,
            esv_ml=49.0,
            view="a4c",
        )
