"""Motion: when the ventricle contracts, and where each point of a frame was at end-diastole.

The map is closed-form and goes backwards (frame -> end-diastole). Inside the traced cavity it scales; outside
it keeps tissue volume: with long-axis stretch k = L_t / L the squared radius obeys
r_0^2 = w_0^2 + (r_t^2 - w_t^2) k, so a wall thickens exactly as much as the cavity narrows and shortens.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from echodfkd.synth.sim.anatomy import Anatomy, Array, cavity_sides

TABLE = 1024  # entries of the width tables, over q = z / length in [-1, 3)
_Q = np.linspace(-1, 3, TABLE, endpoint=False)


@dataclass(frozen=True)
class Cycle:
    """Timing of the beats that a clip shows.

    Attributes:
        starts: times in s of the ends of diastole (mitral closure), ascending, around the clip on both sides.
        systole: time in s from ED to ES for each beat.
        ejected: share of the stroke volume that has left, 0 at ED and 1 at ES, as a function of time in s.
        valve: opening of the mitral valve, 0 closed .. 1 open, as a function of time in s.
    """

    starts: npt.NDArray[np.float64]
    systole: npt.NDArray[np.float64]
    ejected: PchipInterpolator
    valve: PchipInterpolator

    @property
    def ends(self) -> npt.NDArray[np.float64]:
        """Times in s of ES."""
        return self.starts + self.systole


def sample_cycle(rng: np.random.Generator, seconds: float, rate: float | None = None) -> Cycle:
    """Draw beats that cover 0..seconds and start anywhere in the cycle; `rate` in beats per minute.

    Systole shortens with the rate as electromechanical systole does (Weissler 1968: QS2 = 546 - 2.1 HR ms).
    """
    rate = float(np.clip(rng.normal(72, 16), 42, 135)) if rate is None else rate
    period = 60 / rate
    count = int(np.ceil(seconds / period * 1.2)) + 4
    periods = period * (1 + rng.normal(0, 0.025, count))
    starts = np.cumsum(periods) - periods - period * (1 + rng.random())
    systole = np.clip((0.52 - 0.0021 * rate) * rng.normal(0.92, 0.06, count), 0.2, 0.62 * periods)
    atrial, plateau = rng.uniform(0.08, 0.3), rng.uniform(0.0, 0.06)
    knots, values, openings = [], [], []
    for start, length, total in zip(starts, systole, periods, strict=True):
        relax = min(0.09, 0.2 * (total - length))
        diastole = total - length - relax
        fast, kick = min(0.16, 0.4 * diastole), min(0.13, 0.35 * diastole)
        es, filling, late = start + length, start + length + relax, start + total - kick
        knots += [start, start + 0.12 * length, start + 0.55 * length, es, filling, filling + fast, late]
        values += [0.0, 0.05, 0.68, 1.0, 0.97, atrial + plateau, atrial]
        openings += [0.0, 0.0, 0.0, 0.0, 0.02, 0.75, 0.45]
    return Cycle(starts, systole, PchipInterpolator(knots, values), PchipInterpolator(knots, openings))


class Motion:
    """The backward map of one heart with a prescribed EF.

    Args:
        heart: the anatomy.
        ef: ejection fraction of the traced cavity with circular cross-sections, in percent (0..95).
        shortening: long-axis shortening at ES as a share of `ef` / 100.
        slant: how unevenly septum (+) and lateral wall (-) move inwards, -1..1.
        rv_shift: inward motion of the RV free wall at ES, in mm.
    """

    def __init__(
        self, heart: Anatomy, ef: float, shortening: float = 0.25, slant: float = 0.0, rv_shift: float = 5.0
    ) -> None:
        self.ef = ef
        self.length = np.float32(heart.length)
        self.longitudinal = np.float32(shortening * ef / 100)
        self.rv_shift = np.float32(rv_shift)
        self.atrium = np.float32(heart.la[0])
        left, right, offset = cavity_sides(heart, np.clip(_Q, None, 1.0))
        self._sides = np.stack([left, right]).astype("f4")
        self._offset = offset.astype("f4")
        inward = self._solve_inward(ef / 100, slant)
        fade = np.clip((1.9 - _Q) / 0.9, 0, 1)  # the pull of the annulus fades into the atria
        self._inward = (np.stack([inward * (1 + slant), inward * (1 - slant)])[:, None] * fade).astype("f4")

    def _solve_inward(self, ef: float, slant: float) -> float:
        """Radial shortening that gives the wanted EF: V ~ L * sum(diameter^2), solved by bisection."""
        inside = (_Q >= 0) & (_Q <= 1)
        left, right = self._sides[0][inside], self._sides[1][inside]
        whole = float(((left + right) ** 2).sum())
        low, high = 0.0, 0.95
        for _ in range(40):
            c = (low + high) / 2
            diameters = left * (1 - c * (1 + slant)) + right * (1 - c * (1 - slant))
            left_over = (1 - float(self.longitudinal)) * float((diameters**2).sum()) / whole
            low, high = (c, high) if left_over > 1 - ef else (low, c)
        return (low + high) / 2

    def annulus_z(self, a: float) -> float:
        """z (mm) of the mitral annulus at contraction a (0 = ED, 1 = ES)."""
        return float(self.length * (1 - a * self.longitudinal))

    def hinges(self, a: float) -> tuple[float, float]:
        """x (mm) of the septal and the lateral mitral hinge at contraction a."""
        at = TABLE // 2 - 1  # q just below 1
        left, right = self._sides[:, at] * (1 - a * self._inward[:, at])
        return float(self._offset[at] - left), float(self._offset[at] + right)

    def to_reference(self, x: Array, z: Array, a: float) -> tuple[Array, Array]:
        """Where frame points (x, z) in mm were at ED, for contraction a (0 = ED, 1 = ES)."""
        a32 = np.float32(a)
        calm = np.minimum(np.clip((x + 105) * 0.04, 0.15, 1), np.clip((62 - x) * 0.04, 0.15, 1))
        shrink = (a32 * self.longitudinal) * calm  # far from the heart nothing shortens
        base = self.length * (1 - shrink)
        z0 = self._stretch(z, base)
        q = z0 * (1 / self.length)
        index = np.clip((q + 1) * (TABLE / 4), 0, TABLE - 1).astype(np.int32)
        from_axis = x - self._offset[index]
        side = (from_axis > 0).astype(np.int32)
        flat = index + TABLE * side
        w0 = self._sides.ravel()[flat]
        scale = 1 - a32 * self._inward.ravel()[flat]
        radius = np.abs(from_axis)
        heart_only = np.clip(np.minimum((1.3 - q) * (1 / 0.3), (q + 0.15) * (1 / 0.15)), 0, 1)
        k = 1 - shrink * heart_only
        outside = w0 * w0 + (radius * radius - (w0 * scale) ** 2) * k
        r0 = np.where(radius < w0 * scale, radius / scale, np.sqrt(np.maximum(outside, 0)))
        x0 = self._offset[index] + np.where(side > 0, r0, -r0)
        return x0 - self._free_wall(x0, q) * a32, z0

    def _stretch(self, z: Array, base: Array) -> Array:
        """Long-axis part: the cavity shortens to `base`, the atria lengthen, beyond them nothing moves."""
        roof = self.length + self.atrium
        in_cavity = np.clip(z, 0, base) * (self.length / base)
        in_atrium = np.clip(z - base, 0, roof - base) * (self.atrium / (roof - base))
        return np.minimum(z, 0) + in_cavity + in_atrium + np.maximum(z - roof, 0)

    def _free_wall(self, x0: Array, q: Array) -> Array:
        """Inward shift (mm at ES) of the RV free wall, largest at its base."""
        across = np.clip((-28 - x0) * (1 / 20), 0, 1) * np.clip((x0 + 100) * (1 / 30), 0, 1)
        along = np.clip(q * 1.6, 0, 1) * np.clip((1.35 - q) * 3, 0, 1)
        return self.rv_shift * across * along
