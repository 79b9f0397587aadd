"""The reference picture of a heart: which tissue is where at end-diastole, and how strongly it scatters.

Both live on one fine grid in heart coordinates; the motion module says for each pixel of each frame where in
this picture it came from, so labels and brightness always move together.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.anatomy import Anatomy, Array

X_RANGE = (-125.0, 105.0)  # mm, across
ABOVE, BELOW = 45.0, 130.0  # mm beyond the apex and beyond the annulus

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Reference:
    """Reference picture. Row index = (z + ABOVE) / step, column index = (x - X_RANGE[0]) / step.

    Attributes:
        labels: uint8 (rows, columns), tissues of `anatomy`.
        amplitude: float32 (rows, columns), scatterer strength, 1 = mean compact myocardium.
        step: mm per cell.
    """

    labels: Labels
    amplitude: Array
    step: float

    def column(self, x: Array) -> Array:
        """Fractional column of x (mm)."""
        return (x - X_RANGE[0]) * np.float32(1 / self.step)

    def row(self, z: Array) -> Array:
        """Fractional row of z (mm)."""
        return (z + ABOVE) * np.float32(1 / self.step)


@dataclass(frozen=True)
class Echo:
    """How this patient's tissues scatter, in dB against mean myocardium."""

    blood: float
    background: float
    texture: float  # std of the slow brightness field
    fine_texture: float  # std of the fine, heavy-tailed one
    segments: float  # std of wall brightness between segments
    lateral: float  # lateral wall against septum
    trabeculae: float
    papillary: float
    border: float  # specular endocardial border
    pericardium: float
    annulus: float
    right_heart: float  # RV and RA walls


def sample_echo(rng: np.random.Generator) -> Echo:
    """Draw tissue brightness. Ranges from looking at B-mode pictures: see the table in docs/simulator.md."""
    return Echo(
        blood=rng.uniform(-60, -36),
        background=rng.uniform(-22, -2),
        texture=rng.uniform(2, 6),
        fine_texture=rng.uniform(0.5, 4.5),
        segments=rng.uniform(1, 6),
        lateral=rng.normal(-4, 4),
        trabeculae=rng.uniform(-12, -1),
        papillary=rng.uniform(-9, 3),
        border=rng.uniform(0, 7),
        pericardium=rng.uniform(3, 16),
        annulus=rng.uniform(2, 13),
        right_heart=rng.uniform(-7, 3),
    )


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Array:
    """A unit-variance Gaussian field that varies over about `cell` grid steps."""
    coarse = tuple(max(4, int(np.ceil(n / cell)) + 3) for n in shape)
    noise = rng.standard_normal(coarse, dtype=np.float32)
    field = cv2.resize(noise, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field / 0.75, np.float32)  # cubic interpolation takes away about a quarter


def build_reference(heart: Anatomy, echo: Echo, rng: np.random.Generator, step: float) -> Reference:
    """Draw the tissues of a heart on a grid of `step` mm and give each its scatterer strength."""
    shape = (
        int((heart.length + ABOVE + BELOW) / step) + 1,
        int((X_RANGE[1] - X_RANGE[0]) / step) + 1,
    )
    parts = _Outlines(heart)
    labels = _draw_labels(parts, heart, rng, shape, step)
    level = _draw_level(parts, labels, heart, echo, rng, step)
    amplitude = np.power(np.float32(10), level / 20)
    blurred = np.asarray(cv2.GaussianBlur(amplitude, (0, 0), 0.6 / step), np.float32)
    return Reference(labels, blurred, step)


class _Outlines:
    """The outlines of one heart in mm, each an array (N, 2) of x, z."""

    def __init__(self, heart: Anatomy) -> None:
        self.cavity = an.cavity_outline(heart)
        self.endocardium = an.outset(self.cavity, heart.trabeculae)
        self.epicardium = an.outset(self.endocardium, heart.wall)
        left, right, base = self.endocardium[0, 0], self.endocardium[-1, 0], heart.length
        self.la = an.chamber((left, right), base, *heart.la)
        tricuspid_right = self.epicardium[0, 0] + 1.0
        self.rv_base = base - 0.06 * heart.length  # the tricuspid annulus sits nearer the apex
        tricuspid_left = tricuspid_right - heart.rv[0]
        atrium_right = min(tricuspid_right, float(self.la[:, 0].min()) - heart.interatrial)
        ra_top = (min(tricuspid_left, atrium_right - 12), atrium_right)
        self.ra = an.chamber(ra_top, self.rv_base, *heart.ra)
        self.ra[:, 0] -= max(0.0, float(self.ra[:, 0].max()) - atrium_right)
        self.rv = self._right_ventricle(heart, tricuspid_left)
        self.rv_wall = np.concatenate([self._free_wall(heart), self.rv])

    def _right_ventricle(self, heart: Anatomy, left: float) -> Array:
        septum = self.epicardium[: len(self.epicardium) // 2]
        tip = heart.length * (1 - heart.rv[1])
        beside = septum[septum[:, 1] > tip]
        z = np.linspace(tip, self.rv_base, 30)
        q = (z - tip) / (self.rv_base - tip)
        septal_x = np.interp(z, beside[::-1, 1], beside[::-1, 0])
        reach = septal_x[-1] - left
        free = np.stack([septal_x - reach * np.sin(q**0.8 * np.pi / 2) ** 1.0, z], 1)
        inner = np.stack([septal_x, z], 1)[::-1]
        return np.concatenate([free, inner]).astype("f4")

    def _free_wall(self, heart: Anatomy) -> Array:
        free = self.rv[:30].copy()
        free[:, 0] -= heart.rv[2]
        free[:, 1] -= heart.rv[2] * 0.7
        return free


def _cells(outline: Array, step: float) -> npt.NDArray[np.int32]:
    """Outline in grid cells with 4 fractional bits, as OpenCV's `shift=4` wants it."""
    cells = (outline - (X_RANGE[0], -ABOVE)) / step
    return np.round(cells * 16).astype(np.int32)


def _draw_labels(
    parts: _Outlines, heart: Anatomy, rng: np.random.Generator, shape: tuple[int, int], step: float
) -> Labels:
    labels = np.zeros(shape, np.uint8)

    def fill(outline: Array, tissue: int) -> None:
        cv2.fillPoly(labels, [_cells(outline, step)], tissue, shift=4)

    shell = an.chamber((parts.endocardium[0, 0], parts.endocardium[-1, 0]), heart.length, *heart.la)
    centre = shell.mean(0)
    fill((shell - centre) * (1 + 2 * heart.interatrial / heart.la[1]) + centre, an.WALL)
    ra_centre = parts.ra.mean(0)
    fill((parts.ra - ra_centre) * (1 + 1.5 * heart.interatrial / heart.ra[1]) + ra_centre, an.WALL)
    fill(parts.rv_wall, an.WALL)
    fill(parts.rv, an.RV)
    fill(parts.ra, an.RA)
    fill(parts.la, an.LA)
    fill(parts.epicardium, an.WALL)
    fill(parts.endocardium, an.TRABECULAE)
    fill(parts.cavity, an.CAVITY)
    _draw_papillary(labels, heart, rng, step)
    return labels


def _draw_papillary(labels: Labels, heart: Anatomy, rng: np.random.Generator, step: float) -> None:
    """Papillary muscle off the lateral wall and now and then a false tendon; both inside the cavity."""
    share, length, thickness = heart.papillary
    _, right, offset = an.cavity_sides(heart, np.array([share]))
    at = np.array([[offset[0] + right[0] - thickness * rng.uniform(0.2, 1.1), share * heart.length]], "f4")
    centre = _cells(at, step)[0]
    size = (int(thickness / 2 / step * 16), int(length / 2 / step * 16))
    muscle = np.zeros_like(labels)
    tilt = float(rng.uniform(-15, 15))
    cv2.ellipse(muscle, centre.tolist(), size, tilt, 0, 360, 1, -1, shift=4)
    if rng.random() < 0.08:
        ends = np.stack([at[0], (offset[0] - right[0] * 0.6, share * heart.length * rng.uniform(0.6, 1.1))])
        cv2.polylines(muscle, [_cells(ends.astype("f4"), step)], False, 1, max(1, int(1.2 / step)), shift=4)
    labels[(muscle > 0) & (labels == an.CAVITY)] = an.PAPILLARY


def _draw_level(
    parts: _Outlines, labels: Labels, heart: Anatomy, echo: Echo, rng: np.random.Generator, step: float
) -> Array:
    """Scatterer strength in dB on the reference grid."""
    base = np.zeros(8, np.float32)
    base[[an.CAVITY, an.LA, an.RV, an.RA]] = echo.blood
    base[[an.BACKGROUND, an.TRABECULAE, an.PAPILLARY]] = echo.background, echo.trabeculae, echo.papillary
    level = base[labels]
    shape = labels.shape
    solid = (level > echo.blood + 1).astype(np.float32)
    level += solid * echo.texture * smooth_noise(rng, shape, 14 / step)
    level += solid * echo.fine_texture * np.abs(smooth_noise(rng, shape, 3.5 / step)) ** 1.5
    level += solid * _segment_level(heart, echo, rng, shape, step)
    level += (labels == an.BACKGROUND) * 7 * smooth_noise(rng, shape, 40 / step)
    _draw_lines(level, parts, echo, rng, step)
    return level


def _segment_level(
    heart: Anatomy, echo: Echo, rng: np.random.Generator, shape: tuple[int, int], step: float
) -> Array:
    """Brightness of septal, apical and lateral segments, blended smoothly across the picture (dB)."""
    knots = rng.normal(0, echo.segments, (4, 3)).astype(np.float32)  # rows apex..atria, columns sept..lateral
    knots[:, 2] += echo.lateral
    knots[:, 0] += echo.right_heart / 2
    rows, columns = int((heart.length + 70) / step), int(90 / step)
    field = cv2.resize(knots, (columns, rows), interpolation=cv2.INTER_CUBIC)
    top, left = int((ABOVE - 10) / step), int((-45 - X_RANGE[0]) / step)
    bottom, right = shape[0] - top - rows, shape[1] - left - columns
    return cv2.copyMakeBorder(field, top, bottom, left, right, cv2.BORDER_REPLICATE).astype(np.float32)


def _draw_lines(level: Array, parts: _Outlines, echo: Echo, rng: np.random.Generator, step: float) -> None:
    """Specular reflectors: endocardial border, pericardium, fibrous annulus and atrioventricular groove."""

    def add(outline: Array, gain: float, width: float, closed: bool = False) -> None:
        line = np.zeros_like(level)
        cv2.polylines(line, [_cells(outline, step)], closed, 1.0, max(1, round(width / step)), shift=4)
        level[:] += gain * cv2.GaussianBlur(line, (0, 0), 0.5 / step)

    add(parts.endocardium, echo.border, 1.2)
    half = len(parts.epicardium) // 2
    reach = slice(half + int(rng.integers(0, 30)), None)
    add(
        parts.epicardium[reach] + np.array([rng.uniform(0.5, 2.5), 0], np.float32),
        echo.pericardium,
        rng.uniform(1.0, 5.5),
    )
    add(parts.ra, echo.right_heart + 4, 1.2)
    add(parts.la[len(parts.la) // 3 : -len(parts.la) // 3], echo.pericardium * 0.6, 1.5)
    for hinge in (parts.endocardium[0], parts.endocardium[-1], parts.rv[29]):
        spot = hinge + rng.normal(0, 1.2, (1, 2)).astype("f4")
        blob = np.zeros_like(level)
        radius = rng.uniform(1.5, 4.5)
        cv2.circle(blob, _cells(spot, step)[0].tolist(), int(radius / step * 16), 1.0, -1, shift=4)
        level[blob > 0] = np.maximum(level[blob > 0], echo.annulus)
