from dataclasses import replace

import numpy as np
import pytest

from echodfkd.synth.sim import scanner
from echodfkd.synth.sim.camera import Camera, Speckle, grey_map
from echodfkd.synth.sim.display import Geometry
from echodfkd.synth.sim.outlines import X_RANGE
from echodfkd.synth.sim.tissue import Reference

STEP = 0.5


def speckle() -> Speckle:
    shape = (300, int((X_RANGE[1] - X_RANGE[0]) / STEP))
    reference = Reference(np.zeros(shape, np.uint8), np.full(shape, 0.5, np.float32), STEP)
    return Speckle(np.random.default_rng(0), reference)


@pytest.mark.parametrize("turn", [0.0, 0.8, np.pi / 2])
def test_the_field_keeps_unit_power_while_one_pattern_turns_into_another(turn: float) -> None:
    x, z = np.meshgrid(np.arange(-50, 50, STEP, np.float32), np.arange(0, 80, STEP, np.float32))
    strength, field = speckle().at(x, z, turn)
    _, first = speckle().at(x, z, 0.0)
    assert (strength == 0.5).all()
    assert float((field**2).sum(-1).mean()) == pytest.approx(1, abs=0.03)
    assert float((field * first).sum(-1).mean()) == pytest.approx(np.cos(turn), abs=0.03)


def test_noise_is_fresh_in_every_frame() -> None:
    rng = np.random.default_rng(3)
    style = replace(scanner.sample_style(rng, "handheld"), looks=1)
    geometry = Geometry(style, 64)
    camera = Camera(rng, style, geometry, 64)
    shape = geometry.depths, geometry.beams
    nothing = np.full(shape, 1e-4, np.float32), np.zeros((*shape, 2), np.float32)
    one, other = camera.film(rng, np.array([0.0, 1.0]), lambda _: nothing)
    assert one.shape == (64, 64)
    assert (one != other).any()


def test_grey_maps_rise_from_black_to_white() -> None:
    for curve in (-0.9, 0.0, 0.6):
        levels = grey_map(curve).astype(int)
        assert levels[0] == 0 and levels[255] == 255
        assert (np.diff(levels) >= 0).all()
    assert grey_map(0.6)[64] < grey_map(0.0)[64] < grey_map(-0.6)[64]
