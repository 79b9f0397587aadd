"""Parasternal views, long and short axis: pictures of a heart in which no apical LV is to be found.

They serve training as negatives. Beyond looking plausible their shapes claim nothing.
"""

import cv2
import numpy as np

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.anatomy import Anatomy, Array
from echodfkd.synth.sim.brightness import Echo, smooth_noise
from echodfkd.synth.sim.kinetics import Kinetics
from echodfkd.synth.sim.motion import Motion
from echodfkd.synth.sim.outlines import ABOVE, X_RANGE, Labels
from echodfkd.synth.sim.pose import Pose
from echodfkd.synth.sim.scanner import Style
from echodfkd.synth.sim.tissue import Reference, build_reference
from echodfkd.synth.sim.two_chamber import hinges

RING = (0.0, 40.0)  # centre of the short axis in heart coordinates, mm


def long_axis(heart: Anatomy, echo: Echo, rng: np.random.Generator, step: float) -> Reference:
    """The apical picture with an aortic root in place of the right atrium, to be laid on its side."""
    reference = build_reference(heart, echo, rng, step)
    labels, amplitude = reference.labels.copy(), reference.amplitude.copy()
    x, z = _grid(reference)
    left, right = hinges(heart)
    behind = (z > heart.length - 12) & (x < left + 3) & (labels != an.CAVITY)
    amplitude[behind] = 10 ** (echo.background / 20)
    root, wall = rng.uniform(0.42, 0.6) * (right - left), rng.uniform(1.5, 3)
    top = left - rng.uniform(2, 8)
    bow = top + root + rng.uniform(0, 4) * np.sin((z - heart.length) / 14)  # the sinuses bulge
    beyond = z > heart.length - 3
    amplitude[beyond & (x > top - wall) & (x < bow + wall)] = 10 ** (rng.uniform(-4, 8) / 20)
    amplitude[beyond & (x > top) & (x < bow)] = 10 ** (echo.blood / 20)
    valve = heart.length + rng.uniform(2, 8)
    cusps = (np.abs(z - valve) < 0.8) & (x > top) & (x < bow)
    amplitude[cusps] = 10 ** (rng.uniform(-16, -2) / 20)
    blurred = np.asarray(cv2.GaussianBlur(amplitude, (0, 0), 0.5 / step), np.float32)
    return Reference(labels, blurred, step)


def long_axis_pose(rng: np.random.Generator, heart: Anatomy, style: Style) -> Pose:
    """Long axis across the picture, septum towards the probe, base on the right."""
    tilt = np.pi / 2 + rng.normal(0.05, 0.15)
    across, down = heart.length * rng.uniform(0.6, 0.95), rng.uniform(0.4, 0.58) * style.depth
    sway = (rng.normal(0, 1), rng.normal(0, 1.5))
    return Pose(-across, float(down), float(tilt), sway, (rng.normal(0, 1.5), rng.normal(0, 1.5)), True)


def short_axis(heart: Anatomy, echo: Echo, rng: np.random.Generator, step: float) -> Reference:
    """A ring of myocardium around a round cavity with two papillary muscles, and the crescent of the RV."""
    blank = build_reference(heart, echo, rng, step)
    x, z = _grid(blank)
    radius, thick = heart.half_width * rng.uniform(0.85, 1.1), heart.wall[2] * rng.uniform(1, 1.35)
    from_centre, around = np.hypot(x - RING[0], z - RING[1]), np.arctan2(z - RING[1], x - RING[0])
    from_centre = from_centre * (1 + 0.04 * np.cos(2 * around + rng.uniform(0, 6)))
    labels: Labels = np.zeros(blank.labels.shape, np.uint8)
    outer, shift = radius + thick, rng.uniform(0.5, 0.9)
    right = np.hypot((x + outer * shift) / rng.uniform(1, 1.2), z - RING[1] + rng.uniform(-8, 8))
    labels[right < outer * rng.uniform(1, 1.15) + 4] = an.WALL
    labels[right < outer * rng.uniform(0.95, 1.0)] = an.RV
    labels[from_centre < outer] = an.WALL
    labels[from_centre < radius] = an.CAVITY
    for at in (rng.uniform(0.3, 0.9), rng.uniform(2.2, 2.9)):
        cx, cz = RING[0] + 0.72 * radius * np.cos(at), RING[1] + 0.72 * radius * np.sin(at)
        labels[(np.hypot(x - cx, z - cz) < rng.uniform(2, 5)) & (labels == an.CAVITY)] = an.PAPILLARY
    level = np.zeros(8, np.float32)
    level[[an.BACKGROUND, an.CAVITY, an.RV, an.PAPILLARY]] = echo.background, echo.blood, echo.blood, -2
    picture = level[labels] + echo.texture * smooth_noise(rng, labels.shape, 14 / step)
    picture += echo.fine_texture * np.abs(smooth_noise(rng, labels.shape, 3.5 / step)) ** 1.5
    picture += (labels == an.WALL) * 4 * np.sin(around + rng.uniform(0, 6)).astype("f4")
    picture += echo.pericardium * np.exp(-(((from_centre - outer) / 1.2) ** 2)) * (np.abs(around) < 2)
    amplitude = cv2.GaussianBlur(np.power(np.float32(10), picture / 20), (0, 0), 0.6 / step)
    return Reference(labels, np.asarray(amplitude, np.float32), step)


def short_axis_pose(rng: np.random.Generator, heart: Anatomy, style: Style) -> Pose:
    """The ring near the middle of the sector, turned a little either way."""
    tilt, down = rng.normal(0, 0.4), rng.uniform(0.36, 0.58) * style.depth
    x = rng.normal(4, 8) - RING[1] * np.sin(tilt)
    y = down - RING[1] * np.cos(tilt)
    sway = (rng.normal(0, 1), rng.normal(0, 1))
    return Pose(float(x), float(y), float(tilt), sway, (rng.normal(0, 1.5), rng.normal(0, 1.5)))


class RingMotion(Motion):
    """Concentric contraction of the short axis; tissue outside the cavity keeps its area."""

    def __init__(self, heart: Anatomy, ef: float, kinetics: Kinetics | None = None) -> None:
        super().__init__(heart, ef, kinetics)
        self.radius = np.float32(heart.half_width)
        self.inward = np.float32(1 - np.sqrt(1 - 0.7 * ef / 100))

    def to_reference(self, x: Array, z: Array, a: float) -> tuple[Array, Array]:
        """Where frame points (x, z) in mm were at ED, for contraction a (0 = ED, 1 = ES)."""
        dx, dz = x - np.float32(RING[0]), z - np.float32(RING[1])
        r = np.hypot(dx, dz) + np.float32(1e-3)
        scale = 1 - np.float32(a) * self.inward
        outside = np.sqrt(np.maximum(r * r + self.radius**2 * (1 - scale**2), 0))
        stretch = np.where(r < self.radius * scale, 1 / scale, outside / r).astype(np.float32)
        return RING[0] + dx * stretch, RING[1] + dz * stretch


def _grid(reference: Reference) -> tuple[Array, Array]:
    """x and z (mm) of each cell of a reference picture, as a row and a column."""
    rows, columns = reference.labels.shape
    x = np.arange(columns, dtype=np.float32)[None] * np.float32(reference.step) + np.float32(X_RANGE[0])
    z = np.arange(rows, dtype=np.float32)[:, None] * np.float32(reference.step) - np.float32(ABOVE)
    return x, z
