"""Mitral and tricuspid leaflets: drawn fresh for each frame, since they move unlike the muscle."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from echodfkd.synth.sim.anatomy import Array

if TYPE_CHECKING:
    from echodfkd.synth.sim.scene import Scene

STEP = 0.8  # mm per cell of the small canvas around the annuli
X0, Z0, WIDTH, HEIGHT = -90.0, -45.0, 150.0, 75.0


def leaflet(hinge: tuple[float, float], length: float, angle: float, towards: int) -> Array:
    """A bowed leaflet (9, 2) in mm from its hinge; angle 0 lies in the annulus plane, pi / 2 to the apex."""
    s = np.linspace(0, 1, 9, dtype=np.float32)[:, None]
    along = np.array([[towards * np.cos(angle), -np.sin(angle)]], np.float32) * length
    bow = np.array([[0.0, 0.12 * length]], np.float32) * np.sin(np.pi * s) * np.cos(angle)
    return (np.array([hinge], np.float32) + s * along + bow).astype(np.float32)


def draw_leaflets(scene: "Scene", x: Array, z: Array, time: float, a: float) -> Array:
    """Extra scatterer strength of the leaflets at heart coordinates (x, z) of this frame."""
    base = scene.motion.annulus_z(a)
    opening = float(np.clip(scene.cycle.valve(time), 0, 1))
    left, right = scene.motion.hinges(a)
    span = right - left
    angle = 0.15 + 1.15 * opening
    lines = [
        leaflet((left, 0.0), 0.6 * span, angle, 1),
        leaflet((right, 0.0), 0.46 * span, angle + 0.1 * opening, -1),
    ]
    if scene.tricuspid is not None:
        width, lift = scene.tricuspid
        tri_right, tri_z = left - 13.0, -lift * scene.heart.length
        lines.append(leaflet((tri_right, tri_z), 0.5 * width, angle, -1))
        lines.append(leaflet((tri_right - width, tri_z), 0.55 * width, angle, 1))
    canvas = np.zeros((int(HEIGHT / STEP), int(WIDTH / STEP)), np.float32)
    cells = [np.round((line - (X0, Z0)) / STEP * 16).astype(np.int32) for line in lines]
    cv2.polylines(canvas, cells, False, 0.7 * scene.leaflet, 2, shift=4)
    cv2.polylines(canvas, [line[6:] for line in cells], False, 1.5 * scene.leaflet, 2, shift=4)  # thick tips
    column, row = (x - X0) / np.float32(STEP), (z - np.float32(base + Z0)) / np.float32(STEP)
    return np.asarray(cv2.remap(canvas, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))
