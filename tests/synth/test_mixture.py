from collections import Counter

from echodfkd.synth.mixture import NEGATIVES, RATES_AND_PRESETS, training_mixture


def test_a_sixth_is_a2c_and_a_twentyfourth_shows_no_apical_lv() -> None:
    views = Counter(generator.view for generator in training_mixture(8))
    whole = sum(views.values())
    assert views["a2c"] == whole / 6
    assert sum(views[name] for name in NEGATIVES) == whole / 24
    assert len({views[name] for name in NEGATIVES}) == 1
    assert views["a4c"] + views["a2c"] + sum(views[name] for name in NEGATIVES) == whole


def test_a2c_comes_at_every_rate_and_preset() -> None:
    seen = {(g.fps, g.preset) for g in training_mixture(8) if g.view == "a2c"}
    assert seen == set(RATES_AND_PRESETS)


def test_no_disease_or_style_that_is_held_out() -> None:
    for generator in training_mixture(8):
        assert generator.pathology is None
        assert generator.preset in ("echonet", "camus", "handheld")
        assert generator.convention == "echonet"
