"""The clips that the embedded models learn from: scanner presets at several frame rates, taken in turn."""

from echodfkd.synth.sim.generator import SimGenerator

# Low rates let a short window span a beat; high ones show motion as most scanners store it.
RATES_AND_PRESETS = (
    (8.0, "echonet"),
    (14.0, "echonet"),
    (8.0, "camus"),
    (10.0, "echonet"),
    (30.0, "echonet"),
    (8.0, "handheld"),
)


def training_mixture(frames: int) -> list[SimGenerator]:
    """One generator for each pair of frame rate and preset, all of 112x112 clips of `frames` frames."""
    return [SimGenerator(frames=frames, fps=fps, preset=preset) for fps, preset in RATES_AND_PRESETS]
