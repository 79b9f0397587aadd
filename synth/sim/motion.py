"""Motion: where each point of a frame was at end-diastole, for a heart with a prescribed EF.

The map is closed-form and goes backwards (frame -> end-diastole). Inside the traced cavity it scales; outside
it keeps tissue volume: with long-axis stretch k = L_t / L the squared radius obeys
r_0^2 = w_0^2 + (r_t^2 - w_t^2) k, so a wall thickens exactly as much as the cavity narrows and shortens, and
thins where a dyskinetic segment bulges.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim.anatomy import Anatomy, Array, cavity_sides
from echodfkd.synth.sim.kinetics import Kinetics

TABLE = 1024  # entries of the width tables, over q = z / length in [-1, 3)
_Q = np.linspace(-1, 3, TABLE, endpoint=False)
NARROWEST = 0.12  # no half-width falls below this share of its ED value


@dataclass(frozen=True)
class Profile:
    """What the map needs to know of a heart at ED. Lengths in mm.

    Attributes:
        length: annulus to apex of the cavity. cap: thickness of the apical wall. atrium: length of the LA.
        sides: (2, TABLE), septal and lateral half-width at q = z / length of -1..3. offset: (TABLE,), where
            between them the axis runs.
    """

    length: float
    cap: float
    atrium: float
    sides: Array
    offset: Array


def profile_of(heart: Anatomy) -> Profile:
    """The profile of a heart of the simulator."""
    left, right, offset = cavity_sides(heart, np.clip(_Q, None, 1.0))
    cap = heart.wall[1] + heart.trabeculae[1]
    return Profile(heart.length, cap, heart.la[0], np.stack([left, right]), offset)


class Motion:
    """The backward map of one heart with a prescribed EF.

    Args:
        heart: the anatomy, or its profile.
        ef: ejection fraction of the traced cavity with circular cross-sections, in percent (0..95).
        kinetics: how it contracts.

    Attributes:
        ef: the EF in percent; less than asked for where the segments that move cannot bring it about.
    """

    def __init__(self, heart: Anatomy | Profile, ef: float, kinetics: Kinetics | None = None) -> None:
        kinetics = kinetics or Kinetics()
        shape = heart if isinstance(heart, Profile) else profile_of(heart)
        self.length = np.float32(shape.length)
        self.longitudinal = np.float32(kinetics.shortening * ef / 100)
        self.apical = np.float32(kinetics.apical * shape.length * min(1.2, ef / 60))
        self.cap = np.float32(shape.cap)
        self.rv_shift = np.float32(kinetics.rv_shift)
        self.atrium = np.float32(shape.atrium)
        self._sides, self._offset = shape.sides.astype("f4"), shape.offset.astype("f4")
        inward, self.ef = self._solve_inward(ef / 100, kinetics)
        fade = np.clip((1.9 - _Q) / 0.9, 0, 1)  # the pull of the annulus fades into the atria
        self._inward = (inward * fade).astype("f4")

    def _solve_inward(self, ef: float, kinetics: Kinetics) -> tuple[npt.NDArray[np.float64], float]:
        """Inward motion of both sides (2, TABLE) for the wanted EF, and the EF in percent that it gives.

        The motion is `fixed` + c * `free`, where c is sought. V ~ L * sum(diameter^2) is quadratic in c.
        """
        q = np.clip(_Q, 0, 1)
        share = np.array([[1 + kinetics.slant], [1 - kinetics.slant]]) * np.ones(TABLE)
        for segment in kinetics.segments:
            share[segment.side] *= 1 - segment.loss(q)
        near_base = np.clip((q - 0.7) / 0.3, 0, 1) ** 2
        fixed, free = share * near_base * kinetics.annular * min(1, ef / 0.6), share * (1 - near_base)
        inside = (_Q >= 0) & (_Q <= 1)
        sides = self._sides[:, inside].astype(np.float64)
        shortening = float(self.longitudinal + self.apical / self.length)
        whole = float((sides.sum(0) ** 2).sum()) / (1 - shortening)
        rest, pull = (sides * (1 - fixed[:, inside])).sum(0), (sides * free[:, inside]).sum(0)
        square, mixed, const = pull @ pull, rest @ pull, rest @ rest - whole * (1 - ef)
        c = (mixed - np.sqrt(max(0.0, mixed**2 - square * const))) / square
        c = min(max(c, 0.0), float(((1 - NARROWEST - fixed) / np.maximum(free, 1e-3)).min()))
        left_over = float(((rest - c * pull) ** 2).sum()) / whole
        return fixed + c * free, 100 * (1 - left_over)

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
        calm = np.minimum((x + 105) * 0.04, (62 - x) * 0.04).clip(0.15, 1)
        shrink = (a32 * self.longitudinal) * calm  # far from the heart nothing shortens
        base = self.length * (1 - shrink)
        tip = (a32 * self.apical) * calm
        z0 = self._stretch(z, base, tip)
        q = z0 * (1 / self.length)
        # to 32 bits and then to what NumPy indexes with: straight there is slower
        index = ((q + 1) * (TABLE / 4)).clip(0, TABLE - 1).astype(np.int32).astype(np.intp)
        offset = self._offset.take(index)
        from_axis = x - offset
        np.add(index, TABLE, out=index, where=from_axis > 0)  # from the septal table to the lateral one
        w0, scale = self._sides.take(index), (1 - a32 * self._inward).take(index)
        radius, w = np.abs(from_axis), w0 * scale
        heart_only = np.minimum((1.3 - q) * (1 / 0.3), (q + 0.15) * (1 / 0.15)).clip(0, 1)
        k = 1 - (shrink + tip / self.length) * heart_only
        r0 = self._outside(radius, w0, w, k, index, a32)
        np.divide(radius, scale, out=r0, where=radius < w)
        x0 = offset + np.copysign(r0, from_axis)
        return x0 - self._free_wall(x0, q) * a32, z0

    def _outside(
        self, radius: Array, w0: Array, w: Array, k: Array, index: npt.NDArray[np.intp], a: np.float32
    ) -> Array:
        """Radius at ED of what lies outside the cavity, whose half-width went from w0 to w.

        Args:
            radius: in mm. k: stretch along the axis. index: into the width tables. a: contraction.
        """
        return np.asarray(np.sqrt((w0 * w0 + (radius * radius - w**2) * k).clip(0, np.inf)), np.float32)

    def _stretch(self, z: Array, base: Array, tip: Array) -> Array:
        """Long-axis part: the cavity shortens to `tip`..`base`, its apical wall thickens, the atria lengthen.

        Outside the heart nothing moves: the epicardial apex stays where it is.
        """
        roof = self.length + self.atrium
        in_wall = (_between(z, -self.cap, tip) + self.cap) * (self.cap / (self.cap + tip)) - self.cap
        cavity, atrium = base - tip, roof - base
        in_cavity = _between(z - tip, 0, cavity) * (self.length / cavity)
        in_atrium = _between(z - base, 0, atrium) * (self.atrium / atrium)
        return (z + self.cap).clip(-np.inf, 0) + in_wall + in_cavity + in_atrium + (z - roof).clip(0, np.inf)

    def _free_wall(self, x0: Array, q: Array) -> Array:
        """Inward shift (mm at ES) of the RV free wall, largest at its base."""
        across = ((-28 - x0) * (1 / 20)).clip(0, 1) * ((x0 + 100) * (1 / 30)).clip(0, 1)
        along = (q * 1.6).clip(0, 1) * ((1.35 - q) * 3).clip(0, 1)
        return self.rv_shift * across * along


def _between(values: Array, low: float | np.float32, high: Array) -> Array:
    """The values clipped to low..high; NumPy's own clip is slow where a bound is an array."""
    return np.minimum(values.clip(low, np.inf), high)
