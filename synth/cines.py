"""Whole cine loops for what learns from curves in time: many rates and lengths, every preset."""

from echodfkd.errors import unknown_name
from echodfkd.synth.mixture import NEGATIVES
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.held_out import CALIBRATION

RATES_AND_FRAMES = (  # Hz, frames: from two seconds at a low rate to what a scanner stores
    (8.33, 16),
    (50.0, 112),
    (25.0, 50),
    (8.33, 24),
    (30.0, 60),
    (14.0, 32),
    (50.0, 64),
    (40.0, 40),
)
PRESETS = ("echonet", "camus", "handheld")
EVERY_A2C, EVERY_NEGATIVE = 10, 5  # one clip in so many
SETTINGS, WORLDS = 90, 60  # different generators before the first one comes again


def training_cines(generator: str = "sim") -> list[SimGenerator]:
    """Generators of 112x112 cine loops to train on: 1 in 10 shows the view a2c, 1 in 5 no apical LV.

    Raises:
        UsageError: for a generator that draws no loops with exact labels.
    """
    _check(generator)
    return [_cine(i, preset=PRESETS[i % len(PRESETS)], view=_view(i)) for i in range(SETTINGS)]


def calibration_cines(generator: str = "sim") -> list[SimGenerator]:
    """Loops of the same rates, lengths and share of negatives, half of them from a style never trained on.

    The worlds that judge (`held_out.HELD_OUT`) are not among them: what is settled here is judged there.

    Raises:
        UsageError: as `training_cines`.
    """
    _check(generator)
    return [
        _cine(index, **CALIBRATION[index % len(CALIBRATION)], view=_view(index)) for index in range(WORLDS)
    ]


def _check(generator: str) -> None:
    if generator != "sim":
        raise unknown_name("generator to train heads from", generator, ["sim"])


def _cine(index: int, **settings: str) -> SimGenerator:
    # the rate moves on by one more after each round, so that it meets every preset and view
    fps, frames = RATES_AND_FRAMES[(index + index // len(RATES_AND_FRAMES)) % len(RATES_AND_FRAMES)]
    return SimGenerator(frames=frames, fps=fps, **settings)  # type: ignore[arg-type]


def _view(index: int) -> str:
    if index % EVERY_NEGATIVE == EVERY_NEGATIVE - 1:
        return NEGATIVES[index // (EVERY_NEGATIVE * len(PRESETS)) % len(NEGATIVES)]
    return "a2c" if index % EVERY_A2C == 3 else "a4c"
