from collections import Counter

import pytest

from echodfkd.errors import UsageError
from echodfkd.synth.cines import PRESETS, RATES_AND_FRAMES, calibration_cines, training_cines
from echodfkd.synth.sim.held_out import HELD_OUT


def test_every_preset_meets_every_rate_and_view() -> None:
    seen = Counter((g.preset, g.fps, g.frames) for g in training_cines())
    assert set(seen) == {(preset, *pair) for preset in PRESETS for pair in RATES_AND_FRAMES}
    views = {preset: {g.view for g in training_cines() if g.preset == preset} for preset in PRESETS}
    assert all(found == {"a4c", "a2c", "none", "sax", "plax"} for found in views.values())


def test_one_in_five_shows_no_apical_lv() -> None:
    for generators in (training_cines(), calibration_cines()):
        negatives = [g.view not in ("a4c", "a2c") for g in generators]
        assert sum(negatives) / len(generators) == pytest.approx(0.2, abs=0.01)


def test_what_judges_is_neither_trained_nor_calibrated_on() -> None:
    held = {(world.get("preset", "echonet"), world.get("pathology")) for world in HELD_OUT.values()}
    assert not held & {(g.preset, g.pathology) for g in training_cines() + calibration_cines()}


def test_half_of_the_calibration_is_of_a_style_never_trained_on() -> None:
    strange = [g for g in calibration_cines() if g.preset not in PRESETS]
    assert len(strange) == len(calibration_cines()) / 2
    assert {g.fps for g in calibration_cines()} == {fps for fps, _ in RATES_AND_FRAMES}


def test_clips_are_short_and_long() -> None:
    assert {(g.frames, g.fps) for g in training_cines()} >= {(16, 8.33), (112, 50.0)}


def test_other_generators_have_no_loops_with_exact_labels() -> None:
    with pytest.raises(UsageError, match="unknown generator to train heads from 'flow'; choose from: sim"):
        training_cines("flow")
