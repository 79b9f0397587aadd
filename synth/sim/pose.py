"""Pose: where the heart lies before the probe, and how it sways with the beat and the breath."""

from dataclasses import dataclass

import numpy as np

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.kinetics import Rocking
from echodfkd.synth.sim.scanner import Style

BREATH = 4.0  # s


@dataclass(frozen=True)
class Pose:
    """Where the heart lies before the probe: apex position in mm, tilt of the long axis in radians."""

    x: float
    y: float
    tilt: float
    sway: tuple[float, float]  # mm of motion with each beat
    drift: tuple[float, float]  # mm of slow breathing motion
    mirror: bool = False  # whether the septum lies on the other side
    rocking: Rocking | None = None

    def turned(self, time: float) -> float:
        """Tilt in radians at a time in s, apical rocking included."""
        return self.tilt + (self.rocking.turn(time) if self.rocking else 0.0)

    def apex(self, time: float, a: float, tilt: float) -> tuple[np.float32, np.float32]:
        """Where heart coordinates begin in the picture (mm) at a time in s, contraction a and tilt."""
        breath = np.sin(2 * np.pi * time / BREATH)
        reach = self.rocking.length if self.rocking else 0.0
        x = self.x + a * self.sway[0] + breath * self.drift[0] + reach * (np.sin(self.tilt) - np.sin(tilt))
        y = self.y + a * self.sway[1] + breath * self.drift[1] + reach * (np.cos(self.tilt) - np.cos(tilt))
        return np.float32(x), np.float32(y)

    def to_heart(self, x: Array, y: Array, time: float, a: float) -> tuple[Array, Array]:
        """Picture position (mm, probe at 0, y down) -> heart coordinates of that moment."""
        tilt = self.turned(time)
        apex_x, apex_y = self.apex(time, a, tilt)
        ax, ay = x - apex_x, y - apex_y
        cos, sin = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
        across, along = ax * cos - ay * sin, ax * sin + ay * cos
        return (-across if self.mirror else across), along

    def to_picture(self, x: Array, z: Array, time: float, a: float) -> tuple[Array, Array]:
        """Heart coordinates -> picture position in mm; undoes `to_heart`."""
        tilt = self.turned(time)
        apex_x, apex_y = self.apex(time, a, tilt)
        cos, sin = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
        across = -x if self.mirror else x
        return across * cos + z * sin + apex_x, z * cos - across * sin + apex_y


def sample_pose(rng: np.random.Generator, heart: an.Anatomy, style: Style) -> Pose:
    """Put the heart before the probe; poses that push the LV out of the sector are drawn again."""
    outline = an.cavity_outline(heart)
    for _ in range(20):
        tilt = rng.normal(0.1, 0.15)
        x, y = rng.normal(6, 8), float(np.clip(rng.normal(22, 7), 6, 45))
        px = x + outline[:, 0] * np.cos(tilt) + outline[:, 1] * np.sin(tilt)
        py = y - outline[:, 0] * np.sin(tilt) + outline[:, 1] * np.cos(tilt)
        lost = (np.abs(np.arctan2(px, py)) > style.half_angle) | (np.hypot(px, py) > 0.97 * style.depth)
        if lost.mean() < 0.08:
            break
    sway = (rng.normal(0, 1.2), rng.normal(0.5, 1.0))
    return Pose(float(x), y, float(tilt), sway, (rng.normal(0, 1.5), rng.normal(0, 1.5)))
