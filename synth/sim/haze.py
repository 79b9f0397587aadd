"""Haze: reverberation and clutter under the probe. Part of it stands still, part moves to and fro.

What stands still comes from chest wall and probe; what moves is thrown back by ribs, lung and the heart's own
apex, so it goes with breathing or with the beat, and takes the near wall for itself now and then.
"""

import numpy as np

from echodfkd.synth.sim import physics
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.brightness import smooth_noise
from echodfkd.synth.sim.display import Geometry
from echodfkd.synth.sim.scanner import Style

MARGIN = 24  # beam samples by which what moves is larger than the picture, on every side


class Haze:
    """The haze of one clip, as a field that is added to the echoes in beam space."""

    def __init__(self, rng: np.random.Generator, style: Style, geometry: Geometry) -> None:
        depths, beams = self._shape = geometry.depths, geometry.beams
        share = rng.uniform(0.3, 0.9) if style.haze_drift else 0.0  # of the power
        still = physics.scatterers(rng, self._shape, style.looks)
        clutter = clutter_map(style, geometry, rng)
        self._still = physics.weigh(still, clutter * np.float32(np.sqrt(1 - share)))
        self._moving: physics.Real | None = None
        if share:
            wide = (depths + 2 * MARGIN, beams + 2 * MARGIN)
            clutter = np.pad(clutter_map(style, geometry, rng), MARGIN, mode="edge")
            field = physics.scatterers(rng, wide, style.looks)
            self._moving = physics.weigh(field, clutter * np.float32(np.sqrt(share)))
        period = (
            rng.uniform(3, 5) if rng.random() < 0.5 else rng.uniform(0.6, 1.1)
        )  # breathing or the beat, s
        self._turn, self._phase = 2 * np.pi / period, rng.uniform(0, 2 * np.pi)
        along = style.haze_drift / geometry.step
        self._reach = along, rng.uniform(-0.5, 0.5) * along

    def at(self, time: float) -> physics.Real:
        """Complex field (depths, beams, 2 for each look) at a time in s."""
        if self._moving is None:
            return self._still
        where = np.sin(self._turn * time + self._phase)
        top, left = (MARGIN + round(float(np.clip(r * where, -MARGIN, MARGIN))) for r in self._reach)
        depths, beams = self._shape
        moved: physics.Real = self._still + self._moving[top : top + depths, left : left + beams]
        return moved


def clutter_map(style: Style, geometry: Geometry, rng: np.random.Generator) -> Array:
    """Amplitude of the haze for each beam sample: strongest under the probe, patchy."""
    shape = (geometry.depths, geometry.beams)
    r = np.linspace(0, style.depth, geometry.depths, dtype=np.float32)[:, None]
    reach = np.exp(rng.uniform(np.log(4), np.log(40)))  # mm per dB
    fall = rng.uniform(4, 11) if rng.random() < 0.7 else rng.uniform(11, 24)  # mm: some veil the apex
    near = 14 * np.exp(-r / fall) - r / reach
    patchy = 5 * smooth_noise(rng, shape, geometry.beams / 4)
    return np.power(np.float32(10), (style.clutter + near + patchy) / 20).astype("f4")
