"""The apical two-chamber view: inferior wall on the left, anterior wall on the right, no right heart."""

from dataclasses import replace

import cv2
import numpy as np

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.anatomy import Anatomy, Array
from echodfkd.synth.sim.brightness import Echo
from echodfkd.synth.sim.outlines import ABOVE, X_RANGE
from echodfkd.synth.sim.tissue import Reference, build_reference

SEAM = 12.0  # mm across the axis over which the brightness of the two halves blends


def two_chamber(heart: Anatomy, echo: Echo, rng: np.random.Generator, step: float) -> Reference:
    """Both walls as the free wall of the left ventricle, each with its pericardium; LA below.

    Args:
        heart: as for the four-chamber view; what it says of septum and right heart is not used.
        echo, rng, step: as for `build_reference`.
    """
    anterior = build_reference(heart, echo, rng, step)
    inferior = build_reference(mirrored(heart), echo, rng, step)
    x = np.arange(anterior.labels.shape[1]) * step + X_RANGE[0]
    other = np.clip(np.round((-x - X_RANGE[0]) / step), 0, len(x) - 1).astype(int)
    labels = np.where(x < 0, inferior.labels[:, other], anterior.labels)
    share = np.clip(0.5 + x / SEAM, 0, 1).astype(np.float32)
    amplitude = anterior.amplitude**share * inferior.amplitude[:, other] ** (1 - share)
    reference = Reference(labels, amplitude.astype(np.float32), step)
    left, right = hinges(heart)
    blood = float(np.median(amplitude[labels == an.LA]))
    sinus = (left - rng.uniform(4, 7), heart.length + rng.uniform(-1, 5))
    reference = _hollow(reference, sinus, 2 * (rng.uniform(2.2, 4.5),), blood, an.BACKGROUND)
    if rng.random() < 0.35:  # the left atrial appendage
        bulge = (right + rng.uniform(1, 5), heart.length + rng.uniform(9, 16))
        reference = _hollow(reference, bulge, (rng.uniform(5, 10), rng.uniform(3, 6)), blood, an.LA)
    return reference


def mirrored(heart: Anatomy) -> Anatomy:
    """The heart as in a mirror: its lateral side where the septum was."""
    a, b, c = heart.wall
    p, q, r = heart.trabeculae
    ripple = heart.ripple[3:] + heart.ripple[:3]
    return replace(
        heart, skew=-heart.skew, bend=-heart.bend, ripple=ripple, wall=(c, b, a), trabeculae=(r, q, p)
    )


def hinges(heart: Anatomy) -> tuple[float, float]:
    """x (mm) of the two ends of the mitral annulus at ED."""
    left, right, offset = an.cavity_sides(heart, np.array([1.0]))
    return float(offset[0] - left[0]), float(offset[0] + right[0])


def _hollow(
    reference: Reference, centre: tuple[float, float], radii: tuple[float, float], blood: float, tissue: int
) -> Reference:
    """A blood-filled ellipse outside the ventricle; centre and radii in mm."""
    labels, step = reference.labels, reference.step
    inside = np.zeros(labels.shape, np.float32)
    cell = ((centre[0] - X_RANGE[0]) / step, (centre[1] + ABOVE) / step)
    middle = (round(16 * cell[0]), round(16 * cell[1]))
    axes = (round(16 * radii[0] / step), round(16 * radii[1] / step))
    cv2.ellipse(inside, middle, axes, 0, 0, 360, 1.0, -1, shift=4)
    inside *= (labels != an.CAVITY) & (labels != an.TRABECULAE) & (labels != an.PAPILLARY)
    soft: Array = np.asarray(cv2.GaussianBlur(inside, (0, 0), 0.7 / step), np.float32)
    amplitude = reference.amplitude * (1 - soft) + np.float32(blood) * soft
    return Reference(np.where(inside > 0, np.uint8(tissue), labels), amplitude, step)
