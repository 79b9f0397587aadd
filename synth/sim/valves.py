"""Mitral and tricuspid leaflets: drawn fresh for each frame, since they move unlike the muscle."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim.anatomy import Array

Floats = npt.NDArray[np.float64]  # (N,)

if TYPE_CHECKING:
    from echodfkd.synth.sim.scene import Scene

STEP = 0.8  # mm per cell of the small canvas around the annuli
X0, Z0, WIDTH, HEIGHT = -90.0, -45.0, 150.0, 75.0
ALONG = np.linspace(0, 1, 9, dtype=np.float32)  # shares of a leaflet, from hinge to tip
BOW = np.sin(np.pi * ALONG)


def draw_leaflets(scene: "Scene", x: Array, z: Array, time: float, a: float) -> Array:
    """Extra scatterer strength of the leaflets at heart coordinates (x, z) of this frame."""
    base = scene.motion.annulus_z(a)
    opening = min(max(float(scene.cycle.valve(time)), 0.0), 1.0)
    left, right = scene.motion.hinges(a)
    span = right - left
    angle = 0.15 + 1.15 * opening
    flaps = [(left, 0.0, 0.6 * span, angle, 1), (right, 0.0, 0.46 * span, angle + 0.1 * opening, -1)]
    if scene.tricuspid is not None:
        width, lift = scene.tricuspid
        tri_right, tri_z = left - 13.0, -lift * scene.heart.length
        flaps.append((tri_right, tri_z, 0.5 * width, angle, -1))
        flaps.append((tri_right - width, tri_z, 0.55 * width, angle, 1))
    lines = leaflets(*np.array(flaps).T)
    canvas = np.zeros((int(HEIGHT / STEP), int(WIDTH / STEP)), np.float32)
    cells = np.round((lines - (X0, Z0)) / STEP * 16).astype(np.int32)
    cv2.polylines(canvas, list(cells), False, 0.7 * scene.leaflet, 2, shift=4)
    cv2.polylines(canvas, list(cells[:, 6:]), False, 1.5 * scene.leaflet, 2, shift=4)  # thick tips
    column, row = (x - X0) / np.float32(STEP), (z - np.float32(base + Z0)) / np.float32(STEP)
    return np.asarray(cv2.remap(canvas, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))


def leaflets(x: Floats, z: Floats, length: Floats, angle: Floats, towards: Floats) -> Array:
    """Bowed leaflets (N, 9, 2) in mm from their hinges (x, z).

    Args:
        length: in mm. angle: 0 lies in the annulus plane, pi / 2 points to the apex. towards: 1 where the tip
            lies at larger x, else -1.
    """
    hinge = np.stack([x, z], -1).astype("f4")[:, None]
    bow = (0.12 * length).astype("f4")[:, None] * BOW * np.cos(angle)[:, None]
    tip = np.stack([towards * np.cos(angle), -np.sin(angle)], -1).astype("f4")
    tip *= length.astype("f4")[:, None]
    lines: Array = hinge + ALONG[:, None] * tip[:, None]
    lines[..., 1] += bow
    return lines
