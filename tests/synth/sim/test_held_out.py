"""The held-out worlds: each makes labelled clips, and none of them is in the training mixture."""

import numpy as np
import pytest

from echodfkd.synth.mixture import training_mixture
from echodfkd.synth.sim import scanner
from echodfkd.synth.sim.held_out import CALIBRATION, HELD_OUT, held_out_generators


@pytest.mark.parametrize("name", HELD_OUT)
def test_each_world_makes_labelled_clips(name: str) -> None:
    clip = held_out_generators(frames=3)[name].clip(1, 0)
    assert clip.lv is not None and clip.lv.any((1, 2)).all()


def test_the_training_mixture_holds_none_of_them() -> None:
    for generator in training_mixture(8):
        assert generator.pathology is None
        assert generator.preset not in {world.get("preset") for world in HELD_OUT.values()}


@pytest.mark.parametrize(("preset", "field"), [("harmonic", "gamma"), ("lowband", "sigma_axial")])
def test_styles_lie_outside_what_is_trained_on(preset: str, field: str) -> None:
    rng = np.random.default_rng(0)
    trained = {generator.preset for generator in training_mixture(8)}
    seen = [getattr(scanner.sample_style(rng, name), field) for name in trained for _ in range(300)]
    held = [getattr(scanner.sample_style(rng, preset), field) for _ in range(100)]
    assert min(held) > max(seen)


def test_what_calibrates_does_not_judge() -> None:
    assert not [world for world in CALIBRATION if world in HELD_OUT.values()]
