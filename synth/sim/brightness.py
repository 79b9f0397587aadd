"""Brightness: how strongly each tissue of one heart scatters, drawn on the grid of `outlines`."""

from dataclasses import dataclass

import cv2
import numpy as np

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.anatomy import Anatomy, Array
from echodfkd.synth.sim.outlines import ABOVE, X_RANGE, Labels, Outlines, cells, rows_of

CAVITIES = (an.CAVITY, an.LA, an.RV, an.RA)
SOLID = np.ones(256, np.float32)  # 1 for each tissue but the cavities
SOLID[list(CAVITIES)] = 0


@dataclass(frozen=True)
class Echo:
    """How this patient's tissues scatter, in dB against mean myocardium."""

    blood: float
    background: float
    texture: float  # std of the slow brightness field
    fine_texture: float  # std of the fine, heavy-tailed one
    segments: float  # std of wall brightness between segments
    lateral: float  # lateral wall against septum
    trabeculae: float  # at the compacted wall
    fade: float  # by how much the trabecular layer darkens towards the cavity
    papillary: float
    border: float  # specular endocardial border
    pericardium: float
    lung: float  # bright tissue behind the lateral pericardium
    annulus: float
    right_heart: float  # RV and RA walls
    atria: float  # walls of the left atrium and the septum between the atria


def sample_echo(rng: np.random.Generator) -> Echo:
    """Draw tissue brightness. Ranges from looking at B-mode pictures: see the table in docs/simulator.md."""
    return Echo(
        blood=rng.uniform(-60, -34) if rng.random() < 0.7 else rng.uniform(-34, -20),
        background=rng.uniform(-26, -2),
        texture=rng.uniform(2, 6),
        fine_texture=rng.uniform(0.5, 4.5),
        segments=rng.uniform(1, 7),
        lateral=rng.normal(-4, 4.5),
        trabeculae=rng.uniform(-14, 0),
        fade=rng.uniform(0, 16),
        papillary=rng.uniform(-12, 3),
        border=rng.uniform(-2, 7),
        pericardium=rng.uniform(0, 16),
        lung=rng.uniform(-30, 2),
        annulus=rng.uniform(-6, 13),
        right_heart=rng.uniform(-18, 3),
        atria=rng.uniform(-16, 6),
    )


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Array:
    """A unit-variance Gaussian field that varies over about `cell` grid steps."""
    coarse = tuple(max(4, int(np.ceil(n / cell)) + 3) for n in shape)
    noise = rng.standard_normal(coarse, dtype=np.float32)
    field = np.asarray(cv2.resize(noise, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
    field /= 0.75  # cubic interpolation takes away about a quarter
    return field


def draw_level(
    parts: Outlines, labels: Labels, heart: Anatomy, echo: Echo, rng: np.random.Generator, step: float
) -> Array:
    """Scatterer strength in dB on the reference grid."""
    base = np.zeros(256, np.float32)
    base[list(CAVITIES)] = echo.blood + rng.normal(0, 2.5, 4)  # haze differs by chamber
    base[[an.BACKGROUND, an.TRABECULAE, an.PAPILLARY]] = echo.background, echo.trabeculae, echo.papillary
    level = np.asarray(cv2.LUT(labels, base), np.float32)
    shape = labels.shape
    solid = np.asarray(cv2.LUT(labels, SOLID), np.float32)
    np.maximum(level, _lung_level(parts, labels, echo, rng, step), out=level)
    _fade_trabeculae(level, parts, labels, heart, echo, step)
    _dim_atria(level, labels, heart, echo, step)
    level += solid * echo.texture * smooth_noise(rng, shape, 14 / step)
    level += solid * echo.fine_texture * np.abs(smooth_noise(rng, shape, 3.5 / step)) ** 1.5
    level += solid * _segment_level(heart, echo, rng, shape, step)
    patches = np.multiply(smooth_noise(rng, shape, 40 / step), 7, dtype=np.float64)  # rounded when added
    np.add(level, patches, out=level, where=labels == an.BACKGROUND, casting="same_kind")
    _draw_lines(level, parts, echo, rng, step)
    return level


def _lung_level(parts: Outlines, labels: Labels, echo: Echo, rng: np.random.Generator, step: float) -> Array:
    """Tissue behind the lateral pericardium, brightest at the heart (dB): it hides where the wall ends."""
    half = len(parts.epicardium) // 2
    edge = np.interp(
        np.arange(labels.shape[0]) * step - ABOVE, parts.epicardium[half:, 1], parts.epicardium[half:, 0]
    )
    x = np.arange(labels.shape[1], dtype=np.float32) * step + X_RANGE[0]
    beyond = x[None] - edge[:, None].astype(np.float32)
    level = np.float32(echo.lung) - beyond.clip(0, np.inf) * np.float32(rng.uniform(0.1, 0.8))
    np.copyto(level, np.float32(-99), where=(beyond <= 0) | (labels != an.BACKGROUND))
    return level


def _fade_trabeculae(
    level: Array, parts: Outlines, labels: Labels, heart: Anatomy, echo: Echo, step: float
) -> None:
    """Let the trabecular layer darken from the compacted wall to the traced contour, in three shells."""
    for share in (2 / 3, 1 / 3):
        outline = an.outset(parts.cavity, tuple(share * t for t in heart.trabeculae))  # type: ignore[arg-type]
        rows = rows_of(outline, step, 1.0)
        inner = np.zeros_like(labels[rows])
        cv2.fillPoly(inner, [cells(outline, step, rows.start)], 1, shift=4)
        level[rows] -= (inner * (labels[rows] == an.TRABECULAE)) * np.float32(echo.fade / 2)


def _dim_atria(level: Array, labels: Labels, heart: Anatomy, echo: Echo, step: float) -> None:
    """Thin atrial walls far from the probe: often hardly seen. Fades in below the annulus."""
    z = (np.arange(labels.shape[0], dtype=np.float32) * step - ABOVE - heart.length)[:, None]
    level += (labels == an.WALL) * np.float32(echo.atria) * np.clip((z - 2) / 12, 0, 1)


def _segment_level(
    heart: Anatomy, echo: Echo, rng: np.random.Generator, shape: tuple[int, int], step: float
) -> Array:
    """Brightness of septal, apical and lateral segments, blended smoothly across the picture (dB)."""
    knots = rng.normal(0, echo.segments, (4, 3)).astype(np.float32)  # rows apex..atria, columns sept..lateral
    knots[rng.random((4, 3)) < 0.08] -= rng.uniform(6, 22)  # segments that drop out
    knots[:, 2] += echo.lateral
    knots[:, 0] += echo.right_heart / 2
    rows, columns = int((heart.length + 70) / step), int(90 / step)
    field = cv2.resize(knots, (columns, rows), interpolation=cv2.INTER_CUBIC)
    top, left = int((ABOVE - 10) / step), int((-45 - X_RANGE[0]) / step)
    bottom, right = shape[0] - top - rows, shape[1] - left - columns
    return cv2.copyMakeBorder(field, top, bottom, left, right, cv2.BORDER_REPLICATE).astype(np.float32)


def _draw_lines(level: Array, parts: Outlines, echo: Echo, rng: np.random.Generator, step: float) -> None:
    """Specular reflectors: endocardial border, pericardium, fibrous annulus and atrioventricular groove."""

    def add(outline: Array, gain: float, width: float, closed: bool = False) -> None:
        rows = rows_of(outline, step, width + 4)
        line = np.zeros_like(level[rows])
        points, thickness = cells(outline, step, rows.start), max(1, round(width / step))
        cv2.polylines(line, [points], closed, 1.0, thickness, shift=4)
        level[rows] += gain * cv2.GaussianBlur(line, (0, 0), 0.5 / step)

    add(parts.endocardium, echo.border, 1.2)
    half = len(parts.epicardium) // 2
    reach = slice(half + int(rng.integers(0, 30)), None)
    add(
        parts.epicardium[reach] + np.array([rng.uniform(0.5, 2.5), 0], np.float32),
        echo.pericardium,
        rng.uniform(1.0, 5.5),
    )
    add(parts.ra, max(0.0, echo.right_heart + 4), 1.2)
    add(parts.la[len(parts.la) // 3 : -len(parts.la) // 3], rng.uniform(0, 0.6) * echo.pericardium, 1.5)
    for hinge in (parts.endocardium[0], parts.endocardium[-1], parts.rv[29]):
        if rng.random() < 0.2:  # an annulus that does not stand out
            continue
        spot = hinge + rng.normal(0, 1.2, (1, 2)).astype("f4")
        radius = rng.uniform(1.5, 4.5)
        rows = rows_of(spot, step, radius + 1)
        blob, patch = np.zeros_like(level[rows]), level[rows]
        cv2.circle(blob, cells(spot, step, rows.start)[0].tolist(), int(radius / step * 16), 1.0, -1, shift=4)
        patch[blob > 0] = np.maximum(patch[blob > 0], echo.annulus + rng.normal(0, 2.5))
