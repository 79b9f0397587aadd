"""Pictures without a heart: lung, liver, stray shapes, bad contact. They serve training as negatives."""

import cv2
import numpy as np

from echodfkd.synth.sim.anatomy import Anatomy, Array
from echodfkd.synth.sim.brightness import Echo, smooth_noise
from echodfkd.synth.sim.motion import Motion
from echodfkd.synth.sim.outlines import ABOVE, X_RANGE
from echodfkd.synth.sim.pose import Pose
from echodfkd.synth.sim.scanner import Style
from echodfkd.synth.sim.tissue import Reference


def elsewhere(heart: Anatomy, echo: Echo, rng: np.random.Generator, step: float) -> Reference:
    """A picture of something else, on the grid of a heart of this length, with the probe at (0, 0)."""
    z = np.arange(-ABOVE, heart.length + 130, step, dtype=np.float32)[:, None]
    x = np.arange(*X_RANGE, step, dtype=np.float32)[None]
    kinds = (_lung, _liver, _shapes, _air)
    level = kinds[int(rng.integers(len(kinds)))](rng, echo, x, z, step)
    level += echo.texture * smooth_noise(rng, level.shape, 14 / step)
    level += echo.fine_texture * np.abs(smooth_noise(rng, level.shape, 3.5 / step)) ** 1.5
    amplitude = cv2.GaussianBlur(np.power(np.float32(10), level / 20), (0, 0), 0.6 / step)
    return Reference(np.zeros(level.shape, np.uint8), np.asarray(amplitude, np.float32), step)


def still_pose(rng: np.random.Generator, heart: Anatomy, style: Style) -> Pose:
    """Picture coordinates; breathing, and a little of the pulse, move what is there."""
    return Pose(0.0, 0.0, 0.0, (0.0, 0.0), (rng.normal(0, 3), rng.normal(0, 3)))


class Still(Motion):
    """The motion of what does not beat."""

    def to_reference(self, x: Array, z: Array, a: float) -> tuple[Array, Array]:
        """The points themselves (mm)."""
        return x, z


def _lung(rng: np.random.Generator, echo: Echo, x: Array, z: Array, step: float) -> Array:
    """Chest wall, the bright pleural line, its reverberations, and rays that run down from it."""
    r, angle = np.hypot(x, z), np.arctan2(x, z)
    pleura, width = rng.uniform(14, 32), rng.uniform(0.8, 2)
    level = np.where(r < pleura, rng.uniform(-12, -2), rng.uniform(-40, -22) - 0.1 * (r - pleura))
    for k in range(1, 7):
        line = np.exp(-(((r - k * pleura) / width) ** 2)) * (np.abs(angle) < rng.uniform(0.3, 1))
        level = level + line * np.maximum(rng.uniform(16, 30) - 6 * (k - 1), 4)
    for _ in range(int(rng.integers(0, 5))):
        ray = np.exp(-(((angle - rng.uniform(-0.6, 0.6)) / rng.uniform(0.01, 0.05)) ** 2))
        level = level + ray * (r > pleura) * rng.uniform(8, 20)
    return np.asarray(level, np.float32)


def _liver(rng: np.random.Generator, echo: Echo, x: Array, z: Array, step: float) -> Array:
    """Even parenchyma with vessels cut at all angles, and now and then the diaphragm."""
    level = np.full((z.shape[0], x.shape[1]), rng.uniform(-12, 0), np.float32)
    for _ in range(int(rng.integers(2, 9))):
        vessel = _ellipse(rng, x, z, (2, 8), (6, 45))
        level += (echo.blood + 15) * 0.7 * vessel
    if rng.random() < 0.6:
        bow = np.hypot(x - rng.uniform(-60, 60), z - rng.uniform(0, 40))
        radius = rng.uniform(70, 130)
        level += rng.uniform(6, 16) * np.exp(-(((bow - radius) / rng.uniform(1, 3)) ** 2))
        level -= rng.uniform(0, 25) * (bow > radius + 4)
    return level


def _shapes(rng: np.random.Generator, echo: Echo, x: Array, z: Array, step: float) -> Array:
    """Dark and bright ellipses of any size, on tissue of any brightness."""
    level = np.full((z.shape[0], x.shape[1]), rng.uniform(-30, -2), np.float32)
    for _ in range(int(rng.integers(3, 14))):
        level += rng.uniform(-25, 14) * _ellipse(rng, x, z, (3, 22), (5, 40))
    return level


def _air(rng: np.random.Generator, echo: Echo, x: Array, z: Array, step: float) -> Array:
    """Bad contact: a ringing near field over nothing but patches."""
    level = np.full((z.shape[0], x.shape[1]), rng.uniform(-60, -30), np.float32)
    r, gap = np.hypot(x, z), rng.uniform(4, 11)
    level += rng.uniform(10, 40) * np.exp(-r / rng.uniform(8, 30)) * (1 + np.cos(2 * np.pi * r / gap)) / 2
    return level + rng.uniform(4, 12) * smooth_noise(rng, level.shape, rng.uniform(15, 40) / step)


def _ellipse(
    rng: np.random.Generator, x: Array, z: Array, minor: tuple[float, float], major: tuple[float, float]
) -> Array:
    """1 inside an ellipse anywhere in the sector, with a soft edge; half-axes drawn from ranges in mm."""
    turn = rng.uniform(0, np.pi)
    dx, dz = x - np.float32(rng.uniform(-60, 60)), z - np.float32(rng.uniform(10, 150))
    u, v = dx * np.cos(turn) + dz * np.sin(turn), dz * np.cos(turn) - dx * np.sin(turn)
    short = rng.uniform(*minor)
    distance = (np.hypot(u / rng.uniform(*major), v / short) - 1) * short
    return np.asarray(1 / (1 + np.exp(np.clip(distance / 0.6, -20, 20))), np.float32)
