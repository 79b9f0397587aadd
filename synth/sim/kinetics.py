"""Kinetics: how one heart contracts, apart from how much: along, across, by region, and how it rocks."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim.rhythm import Cycle

# Stretches of one side, from q to q (apex 0, base 1), that coronary disease may take out. The apex is left to
# "apical-akinesia", which networks never learn from.
TERRITORIES = ((0.46, 0.74), (0.68, 1.3), (0.46, 1.3))
SOFT = 0.3  # over which share of the length a segment passes into its neighbours: tethering


@dataclass(frozen=True)
class Segment:
    """A stretch of one side that contracts less.

    Attributes:
        side: 0 septal, 1 lateral. low, high: from where to where, as q = z / length.
        severity: lost share of the inward motion: .4 hypokinetic, 1 akinetic, above 1 dyskinetic.
    """

    side: int
    low: float
    high: float
    severity: float

    def loss(self, q: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Lost share of the inward motion at q, with soft ends."""
        inside = np.clip(np.minimum(q - self.low, self.high - q) / SOFT + 0.5, 0, 1)
        return np.asarray(self.severity * inside * inside * (3 - 2 * inside))


@dataclass(frozen=True)
class Kinetics:
    """How one heart contracts, apart from how much.

    Attributes:
        shortening: long-axis shortening at ES as a share of EF / 100.
        slant: how unevenly septum (+) and lateral wall (-) move inwards, -1..1.
        apical: how far the endocardial apex moves towards the base at ES, as a share of the length, for an EF
            of 60 %; the apical wall thickens by as much.
        annular: narrowing of the mitral annulus at ES as a share of its diameter, for an EF of 60 % or more;
            it falls with the EF.
        rv_shift: inward motion of the RV free wall at ES, in mm.
        segments: regional wall-motion abnormalities.
        rock: turn of the long axis about the base at full contraction, in radians.
        lag: by how many s this rocking follows the contraction.
    """

    shortening: float = 0.25
    slant: float = 0.0
    apical: float = 0.04
    annular: float = 0.12
    rv_shift: float = 5.0
    segments: tuple[Segment, ...] = ()
    rock: float = 0.0
    lag: float = 0.0


def sample_motion(rng: np.random.Generator, ef: float, pathology: str | None = None) -> Kinetics:
    """Draw how a heart of a given EF (percent) contracts.

    "apical-akinesia" holds the apical half still, as in takotsubo or apical infarction; it is never drawn by
    itself. Other pathologies do not touch the motion. Ranges: docs/simulator.md.
    """
    ballooning = pathology == "apical-akinesia"
    regional = rng.random() < (0.1 if ef > 55 else 0.35)
    apex, severity = rng.uniform(0.42, 0.55), rng.uniform(0.95, 1.1)
    kinetics = Kinetics(
        shortening=rng.uniform(0.12, 0.2) if ballooning else rng.uniform(0.12, 0.4),
        slant=float(np.clip(rng.normal(0, 0.15), -0.4, 0.4)),
        apical=0.0 if ballooning else rng.uniform(0.0, 0.11),
        annular=rng.uniform(0.05, 0.25),
        rv_shift=rng.uniform(1, 8),
        segments=_sample_segments(rng, ef) if regional else (),
        rock=_sample_rocking(rng),
        lag=rng.uniform(0, 0.08),
    )
    still = tuple(Segment(side, -2.0, apex, severity) for side in (0, 1))
    return replace(kinetics, segments=still) if ballooning else kinetics


def _sample_rocking(rng: np.random.Generator) -> float:
    """Radians: a degree or so in most hearts, marked in the tenth with a conduction block."""
    degrees = rng.normal(0, 1.2) if rng.random() < 0.9 else rng.choice((-1, 1)) * rng.uniform(3, 7)
    return float(np.deg2rad(degrees))


def _sample_segments(rng: np.random.Generator, ef: float) -> tuple[Segment, ...]:
    """One territory on one side; hearts that keep a normal EF have it hypokinetic at worst."""
    low, high = TERRITORIES[int(rng.integers(len(TERRITORIES)))]
    kind = rng.choice(3, p=(0.5, 0.35, 0.15)) if ef <= 55 else 0
    severity = rng.uniform(*((0.35, 0.75), (0.9, 1.0), (1.1, 1.35))[kind])
    return (Segment(int(rng.integers(2)), low, high, severity),)


@dataclass(frozen=True)
class Rocking:
    """Swing of the apex about the base within each beat; `angle` in radians, `lag` in s, `length` in mm."""

    angle: float
    lag: float
    length: float
    cycle: Cycle

    def turn(self, time: float) -> float:
        """By how many radians the long axis is turned at a time in s."""
        return self.angle * float(self.cycle.ejected(time - self.lag)) if self.angle else 0.0
