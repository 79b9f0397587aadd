"""The aim: how a heart in a label map contracts, and how strongly it must so that its masks have the EF."""

from dataclasses import replace

import numpy as np

from echodfkd.clip import Label
from echodfkd.errors import EchoError
from echodfkd.synth.masks.warp import MapMotion, Warp
from echodfkd.synth.sim.kinetics import Kinetics, sample_motion
from echodfkd.volume import disk_volume, ejection_fraction

CLOSE, EXACT = 1.0, 0.2  # points of EF: what is promised, what the search stops at
TRIES = 8
OWN, EVEN = (1.0, 0.7, 0.4, 0.2, 0.0), 0.25  # how much of a heart's own way to contract is kept; the even one
APICAL = 0.03  # of the length: the apex nearly stands still
ANNULAR = 0.15  # at least so much of its diameter the annulus narrows for an EF of 60 %, and more above


def sample_kinetics(rng: np.random.Generator, ef: float) -> Kinetics:
    """How a heart contracts: as `sim`'s, without regional wall motion and rocking, its apex nearly still."""
    drawn = sample_motion(rng, ef)
    annular = max(drawn.annular, ANNULAR) * max(1.0, ef / 60)
    return replace(drawn, segments=(), rock=0.0, apical=min(drawn.apical, APICAL), annular=annular)


def aim(warp: Warp, ef: float, kinetics: Kinetics) -> tuple[MapMotion, float, float]:
    """The motion whose masks have the EF, and their EDV and ESV in 1000 cubic pixels.

    Pixels make the EF jump; where it jumps over the one wanted, a heart that contracts more evenly is tried.

    Args:
        ef: percent, by the method of disks on the masks. kinetics: how the heart contracts.

    Raises:
        EchoError: when no motion comes within `CLOSE` of the EF.
    """
    edv = _volume(warp, warp.motion(ef, kinetics), 0.0)  # whatever the motion: nothing has moved yet
    tried: list[tuple[float, MapMotion, float]] = []
    for own in OWN:
        shortening = EVEN + (kinetics.shortening - EVEN) * own
        tried += _approach(
            warp, ef, edv, replace(kinetics, shortening=shortening, slant=kinetics.slant * own)
        )
        if abs(min(tried, key=_miss)[0]) <= CLOSE:
            break
    miss, motion, esv = min(tried, key=_miss)
    if abs(miss) > CLOSE:
        raise EchoError(
            f"the LV of this label map cannot beat with an EF of {ef:g} %: {ef - miss:.1f} % is the nearest"
        )
    return motion, edv, esv


def _approach(warp: Warp, ef: float, edv: float, kinetics: Kinetics) -> list[tuple[float, MapMotion, float]]:
    """Aims again by the miss, between aims known as too low and too high: miss, motion and ESV of each."""
    tried, aim, low, high = [], ef, 0.0, 98.0
    for _ in range(TRIES):
        motion = warp.motion(aim, kinetics)
        esv = _volume(warp, motion, 1.0)
        miss = ef - ejection_fraction(edv, esv)
        tried.append((miss, motion, esv))
        if abs(miss) < EXACT:
            break
        low, high = (max(low, aim), high) if miss > 0 else (low, min(high, aim))
        aim = aim + miss if low < aim + miss < high else (low + high) / 2
    return tried


def _miss(one: tuple[float, MapMotion, float]) -> float:
    return abs(one[0])


def _volume(warp: Warp, motion: MapMotion, a: float) -> float:
    return disk_volume(warp.at(motion, a) == Label.LV).volume_ml
