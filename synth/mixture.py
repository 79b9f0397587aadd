"""The clips that the embedded models learn from: views, scanner presets and frame rates, taken in turn."""

from echodfkd.synth.sim.generator import SimGenerator

# Low rates let a short window span a beat; high ones show motion as most scanners store it.
RATES_AND_PRESETS = (
    (8.0, "echonet"),
    (14.0, "echonet"),
    (8.0, "camus"),
    (10.0, "echonet"),
    (30.0, "camus"),
    (8.0, "handheld"),
    (8.0, "echonet"),
    (20.0, "camus"),
    (50.0, "echonet"),
    (12.0, "echonet"),
    (14.0, "handheld"),
    (90.0, "echonet"),
)
NEGATIVES = ("none", "sax", "plax")  # pictures in which there is no apical LV to find
TURNS = len(RATES_AND_PRESETS)


def training_mixture(frames: int) -> list[SimGenerator]:
    """Generators of 112x112 clips of `frames` frames: 1 in 6 shows the view a2c, 1 in 24 no apical LV."""
    settings = RATES_AND_PRESETS * TURNS
    return [
        SimGenerator(frames=frames, fps=fps, preset=preset, view=view_of(index))
        for index, (fps, preset) in enumerate(settings)
    ]


def view_of(index: int) -> str:
    """View of entry `index`: the rarer ones wander, so that each meets every rate and preset in turn."""
    turn, pair = index // TURNS, index // (2 * TURNS)
    if index % (TURNS // 2) == (5 * turn + 3) % (TURNS // 2):
        return "a2c"
    if index % (2 * TURNS) == (7 * pair + 4) % (2 * TURNS):
        return NEGATIVES[pair % len(NEGATIVES)]
    return "a4c"
