"""Worlds held out on purpose: scanner styles and diseases that no embedded model ever learns from.

They judge a change without a real label. Each lies outside the training mixture as a hospital might:
another probe, another grey map, a rare disease. The ranges in brackets are those of the training mixture.
"""

from typing import Any

from echodfkd.synth.sim.generator import SimGenerator

HELD_OUT: dict[str, dict[str, Any]] = {
    # dynamic range 33..39 dB (36 and more), grey exponent 1.75..2.2 (up to 1.7), no haze,
    # speckle .4...54 mm and .008...0105 rad (`camus`: from .41 mm, .0088 rad; others: from .55, .011)
    "harmonic": {"preset": "harmonic"},
    # sector half-angle .53...59 rad (.6 and more), speckle 1.35..1.6 mm (up to 1.3), smoothed by .6...9
    # pixels (up to .55), haze -12..-2 dB (up to -4)
    "lowband": {"preset": "lowband"},
    # the apical third stands still or bulges while the base contracts; trained on: other segments alone
    "apical-akinesia": {"pathology": "apical-akinesia"},
    # the wall thickest at the apex, the cavity shaped like a spade
    "apical-hypertrophy": {"pathology": "apical-hypertrophy"},
}

# Worlds that settle thresholds and the width of intervals: neither learned from nor judged by.
CALIBRATION: tuple[dict[str, Any], ...] = ({"preset": "veiled"}, {"preset": "echonet"})


def held_out_generators(frames: int = 128, fps: float = 50.0) -> dict[str, SimGenerator]:
    """A generator for each held-out world, by name: 112x112 clips of `frames` frames at `fps` Hz."""
    return {name: SimGenerator(frames=frames, fps=fps, **world) for name, world in HELD_OUT.items()}
