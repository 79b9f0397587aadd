import numpy as np

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.brightness import sample_echo
from echodfkd.synth.sim.outlines import ABOVE
from echodfkd.synth.sim.two_chamber import hinges, mirrored, two_chamber


def test_a_mirror_swaps_the_sides_and_two_mirrors_change_nothing() -> None:
    heart = an.sample_anatomy(np.random.default_rng(0))
    left, right = hinges(heart)
    assert np.allclose(hinges(mirrored(heart)), (-right, -left), atol=1e-4)
    assert mirrored(mirrored(heart)) == heart


def test_the_cavity_is_the_one_of_the_heart_and_no_right_heart_is_left() -> None:
    rng = np.random.default_rng(1)
    heart = an.sample_anatomy(rng)
    reference = two_chamber(heart, sample_echo(rng), rng, 0.75)
    assert not np.isin(reference.labels, (an.RV, an.RA)).any()
    row = reference.labels[int((ABOVE + 0.6 * heart.length) / 0.75)]
    cavity = np.isin(row, (an.CAVITY, an.PAPILLARY)).sum() * 0.75
    left, right, _ = an.cavity_sides(heart, np.array([0.6]))
    assert abs(cavity - float(left[0] + right[0])) < 2.5
