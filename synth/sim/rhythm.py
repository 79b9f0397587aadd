"""Rhythm: when the ventricle contracts, how far in each beat, and when the mitral valve is open.

Volume and valve are monotone piecewise cubics through a handful of knots for each beat (see `phases`), so ED
and ES are extrema exactly where `Cycle` says.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from echodfkd.synth.sim.phases import Phases, Times, knots_of, sample_phases

# Shares of a mixed clinic. Fibrillation and frequent ectopy are each seen in 5-10 % of echo patients.
RHYTHMS = {"sinus": 0.7, "respiratory": 0.15, "fibrillation": 0.07, "ectopic": 0.08}
SHORTEST = 0.36  # s from ED to ED: systole and some filling must fit


@dataclass(frozen=True)
class Cycle:
    """The beats that a clip shows.

    Attributes:
        starts: times in s of ED (mitral closure, largest volume), ascending, around the clip on both sides.
        systole: time in s from ED to aortic closure for each beat (electromechanical systole less Q to ED).
        lag: time in s from aortic closure to ES for each beat.
        full: contraction at each ED, 0 (as full as this heart gets) .. 0.35.
        empty: contraction at each ES, 0.55 .. 1. At least one beat that the clip shows whole, if there is
            any, goes from 0 to 1: the EF of the clip is the EF of that beat.
        ejected: contraction as a function of time in s.
        valve: opening of the mitral valve, 0 closed .. 1 open, as a function of time in s.
        rhythm: one of `RHYTHMS`; "ectopic" only if a premature beat begins within the clip.
    """

    starts: Times
    systole: Times
    lag: Times
    full: Times
    empty: Times
    ejected: PchipInterpolator
    valve: PchipInterpolator
    rhythm: str

    @property
    def ends(self) -> Times:
        """Times in s of ES (smallest volume)."""
        return self.starts + self.systole + self.lag


def sample_cycle(
    rng: np.random.Generator, seconds: float, rate: float | None = None, rhythm: str | None = None
) -> Cycle:
    """Draw beats that cover 0..seconds and start anywhere in the cycle; `rate` per minute, 40..140."""
    rhythm = str(rng.choice(list(RHYTHMS), p=list(RHYTHMS.values()))) if rhythm is None else rhythm
    rate = sample_rate(rng) if rate is None else rate
    periods, strength = _sample_periods(rng, seconds, 60 / rate, rhythm)
    starts = np.cumsum(periods) - periods
    starts -= starts[1] + rng.random() * periods[1]
    systole = _sample_systole(rng, rate, periods)
    early = _bring_forward(rng, seconds, starts, systole, periods) if rhythm == "ectopic" else None
    rhythm = "sinus" if rhythm == "ectopic" and early is None else rhythm
    phases = sample_phases(rng, rate, rhythm)
    relax = phases.relaxing(systole, periods)
    lag = phases.nadir * relax
    shown = (starts >= 0) & (starts + systole + lag <= seconds) & (np.arange(len(starts)) != early)
    full, empty = _extremes(rng, rhythm, strength, shown)
    if early is not None:
        full[early], empty[early] = rng.uniform(0.05, 0.3), rng.uniform(0.55, 0.85)
    return _cycle(phases, starts, systole, periods, full, empty, rhythm)


def regular_cycle(rng: np.random.Generator, seconds: float, rate: float, phase: float) -> Cycle:
    """Equal beats that cover 0..seconds; only their systole and how they fill are drawn.

    Args:
        rate: per minute, 40..140. phase: how much of a beat is over at 0 s, 0..1; 0 begins with ED.
    """
    period = 60 / rate
    starts: Times = (np.arange(-2, int(np.ceil(seconds / period)) + 3, dtype=np.float64) - phase) * period
    equal = np.full(len(starts), period)
    systole = np.full(len(starts), float(_sample_systole(rng, rate, np.array([period]))[0]))
    phases = sample_phases(rng, rate, "sinus")
    none, whole = np.zeros(len(starts)), np.ones(len(starts))
    return _cycle(phases, starts, systole, equal, none, whole, "sinus")


def _cycle(
    phases: Phases, starts: Times, systole: Times, periods: Times, full: Times, empty: Times, rhythm: str
) -> Cycle:
    """The curves through the knots of each beat; all arrays (N,)."""
    relax = phases.relaxing(systole, periods)
    lag = phases.nadir * relax
    beats = zip(starts, systole, relax, periods, full, empty, full[1:], strict=False)
    knots = [knot for beat in beats for knot in knots_of(phases, *beat)]
    when, volume, opening = np.array([*knots, (starts[-1], full[-1], 0.0)]).T
    curves = PchipInterpolator(when, volume), PchipInterpolator(when, opening)
    return Cycle(starts[:-1], systole[:-1], lag[:-1], full[:-1], empty[:-1], *curves, rhythm)


def sample_rate(rng: np.random.Generator) -> float:
    """Heart rate in beats per minute: mostly at rest, some bradycardia, some tachycardia."""
    low, high = ((40, 55), (95, 140))[int(rng.random() < 0.6)]
    return float(np.clip(rng.normal(73, 11), 50, 100) if rng.random() < 0.78 else rng.uniform(low, high))


def _sample_periods(
    rng: np.random.Generator, seconds: float, period: float, rhythm: str
) -> tuple[Times, Times]:
    """Time in s to the next beat, and strength 0..1 of each beat against the strongest."""
    count = int(np.ceil(seconds / period * 1.5)) + 8
    if rhythm == "fibrillation":  # a long pause fills well and is followed by a strong beat
        periods = np.maximum(period * rng.lognormal(0, rng.uniform(0.15, 0.25), count), SHORTEST)
        before = np.roll(periods, 1) / periods.mean()
        return periods, np.clip((before - 0.6) / 0.8, 0, 1)
    varied = period * (1 + rng.normal(0, rng.uniform(0.02, 0.04), count).clip(-0.1, 0.1))
    if rhythm != "respiratory":
        return varied, rng.random(count)
    wave = np.sin(2 * np.pi * (period * np.arange(count) / rng.uniform(3, 5) + rng.random()))
    return varied * (1 + rng.uniform(0.05, 0.15) * wave), 0.5 + 0.5 * wave


def _sample_systole(rng: np.random.Generator, rate: float, periods: Times) -> Times:
    """ED to aortic closure: electromechanical systole (Weissler 1968: QS2 = 546 - 2.1 HR ms) less Q to ED."""
    whole = 0.546 - 0.0021 * rate - rng.uniform(0.03, 0.07)
    varied = whole * rng.normal(1, 0.05) * rng.normal(1, 0.02, len(periods)).clip(0.95, 1.05)
    return np.asarray(np.clip(varied, 0.18, 0.6 * periods))


def _extremes(
    rng: np.random.Generator, rhythm: str, strength: Times, shown: npt.NDArray[np.bool_]
) -> tuple[Times, Times]:
    """Contraction at ED and ES of each beat; the strongest one that is shown whole gets 0 and 1."""
    high = {"fibrillation": (0.2, 0.4), "respiratory": (0.05, 0.1)}.get(rhythm, (0.015, 0.03))
    weak = np.clip((strength[shown].max() if shown.any() else 1.0) - strength, 0, 1)
    return weak * rng.uniform(0, high[0]), 1 - weak * rng.uniform(0.25, 1) * high[1]


def _bring_forward(
    rng: np.random.Generator, seconds: float, starts: Times, systole: Times, periods: Times
) -> int | None:
    """Make one beat of a clip premature, in place, with a compensatory pause after it; returns which.

    Beat 2 is the first to begin within the clip and stays regular, so that a whole regular beat is shown.
    """
    late = np.flatnonzero(starts < seconds)[-1]
    if late < 3:
        return None
    beat = int(rng.integers(3, late + 1))
    regular = periods[beat - 1]
    coupling = min(max(rng.uniform(0.55, 0.8) * regular, systole[beat - 1] + 0.16, SHORTEST), 0.95 * regular)
    pause = periods[beat] + (regular - coupling) * rng.uniform(0.5, 1)
    starts[beat + 1 :] += coupling + pause - regular - periods[beat]
    starts[beat] += coupling - regular
    periods[beat - 1], periods[beat] = coupling, pause
    return beat
