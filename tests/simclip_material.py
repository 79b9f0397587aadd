"""Clips for simclip to learn from, made by hand: a beating dark ellipse in bright tissue."""

import numpy as np
from dark_cavity import beating

from echodfkd.clip import Clip, Label
from echodfkd.eval.auxiliary.simclip.clips import FRAMES


class Ellipses:
    """A generator of such clips; every fourth shows no LV."""

    def clip(self, seed: int, index: int) -> Clip:
        video, mask = beating(FRAMES, beat=8 + index % 3, shrink=0.6, seed=seed + index)
        if index % 4 == 3:
            return Clip(255 - video, 8.0, f"{index}", view="none", mask=np.zeros_like(video))
        tissues = np.where(mask, np.uint8(Label.LV), np.uint8(Label.MYOCARDIUM))
        return Clip(video, 8.0, f"{index}", view="a4c", mask=tissues, ef=40.0 + index % 20)

    def parameters(self) -> dict[str, object]:
        """None."""
        return {}
