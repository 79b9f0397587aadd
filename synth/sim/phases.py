"""Phases of one beat: ejection, isovolumic relaxation, early filling, diastasis and the atrial kick.

In the two isovolumic phases the contraction still drifts by `DRIFT`, far less than tracing can resolve: that
keeps ED the last and largest maximum and ES the one minimum. ES lies inside isovolumic relaxation, not at its
start: the volume is constant there to within what tracing resolves, and in patients its nadir and the closure
of the aortic valve differ by some tens of ms (Mada et al., JACC Cardiovasc Imaging 2015, "How to define
end-diastole and end-systole?").
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]

DRIFT = 0.01  # share of the stroke


@dataclass(frozen=True)
class Phases:
    """How one heart ejects and fills. Times in s, shares of the stroke volume.

    Sources: isovolumic times and E-wave duration from Doppler norms (Oh, Echo Manual; Nagueh 2016), atrial
    share 15-30 % in the healthy, up to 40 % with slow relaxation, none in fibrillation.
    """

    contract: float  # isovolumic contraction
    relax: float  # isovolumic relaxation
    brisk: float  # share ejected in the first 40 % of ejection
    early: float  # duration of early filling
    kick: float  # share filled by the atrium
    atrial: float  # duration of the atrial contraction
    creep: float  # share filled during diastasis
    half: float  # valve opening in diastasis
    nadir: float  # share of isovolumic relaxation that is over when the volume is smallest

    def relaxing(self, systole: Times, periods: Times) -> Times:
        """Isovolumic relaxation in s of beats (N,) with this systole and this time to the next ED, in s."""
        return np.minimum(self.relax, 0.3 * (periods - systole))


def sample_phases(rng: np.random.Generator, rate: float, rhythm: str) -> Phases:
    """Draw how one heart ejects and fills, for its rate per minute and one of `rhythm.RHYTHMS`."""
    weak = rng.random() < (0.55 if rate < 60 else 0.3)
    kick = (0.01, 0.02) if rhythm == "fibrillation" else (0.01, 0.07) if weak else (0.07, 0.38)
    return Phases(
        contract=rng.uniform(0.03, 0.06),
        relax=rng.uniform(0.06, 0.1),
        brisk=rng.uniform(0.48, 0.68),
        early=rng.uniform(0.14, 0.36),
        kick=rng.uniform(*kick),
        atrial=rng.uniform(0.08, 0.14),
        creep=rng.uniform(0.002, 0.05),
        half=rng.uniform(0.25, 0.5),
        nadir=rng.uniform(0.3, 0.7),
    )


def knots_of(
    phases: Phases,
    start: float,
    systole: float,
    relax: float,
    period: float,
    full: float,
    empty: float,
    refilled: float,
) -> list[tuple[float, float, float]]:
    """Knots of one beat: time in s, contraction, valve opening.

    Args:
        start, systole, relax, period: ED, time from it to aortic closure, isovolumic relaxation, time to the
            next ED, in s. full, empty, refilled: contraction at ED, ES and the next ED.
    """
    contract = min(phases.contract, 0.25 * systole)
    stroke, refill, eject = empty - full, empty - refilled, systole - contract
    closes, opens = start + systole, start + systole + relax
    diastole = period - systole - relax
    early, atrial = min(phases.early, 0.5 * diastole), min(phases.atrial, 0.35 * diastole)
    kick = start + period - atrial
    before_kick, before_creep = (refilled + refill * s for s in (phases.kick, phases.kick + phases.creep))
    half_way = before_creep + 0.5 * (empty - DRIFT * refill - before_creep)
    reopened = phases.half + (1 - phases.half) * min(1.0, phases.kick / 0.3)
    return [
        (start, full, 0.0),
        (start + contract, full + DRIFT * stroke, 0.0),
        (start + contract + 0.4 * eject, full + phases.brisk * stroke, 0.0),
        (start + contract + 0.75 * eject, empty - 0.3 * (1 - phases.brisk) * stroke, 0.0),
        (closes, empty - DRIFT * stroke, 0.0),
        (closes + phases.nadir * relax, empty, 0.0),
        (opens, empty - DRIFT * refill, 0.0),
        (opens + 0.4 * early, half_way, 1.0),
        (opens + early, before_creep, phases.half),
        (kick, before_kick, 0.9 * phases.half),
        (kick + 0.45 * atrial, refilled + 0.5 * (before_kick - refilled), reopened),
    ]
