import numpy as np
import pytest

from echodfkd.synth.sim.kinetics import Rocking, sample_motion
from echodfkd.synth.sim.rhythm import sample_cycle


def test_training_hearts_are_regional_in_a_fifth_and_never_at_the_apex() -> None:
    rng = np.random.default_rng(1)
    efs = [rng.normal(60, 7) if rng.random() < 0.5 else rng.uniform(12, 70) for _ in range(3000)]
    drawn = [sample_motion(rng, ef) for ef in efs]
    assert 0.16 < np.mean([bool(k.segments) for k in drawn]) < 0.26
    assert {s.side for k in drawn for s in k.segments} == {0, 1}
    apex = np.linspace(0, 0.3, 20)
    assert all(np.all(s.loss(apex) < 1e-6) for k in drawn for s in k.segments)
    assert all(0.12 <= k.shortening <= 0.4 and 0.05 <= k.annular <= 0.25 for k in drawn)


def test_another_disease_leaves_the_motion_alone() -> None:
    one, other = (sample_motion(np.random.default_rng(4), 50.0, p) for p in (None, "apical-hypertrophy"))
    assert one == other


def test_rocking_follows_the_contraction_with_its_lag() -> None:
    cycle = sample_cycle(np.random.default_rng(0), 3.0, 70.0, "sinus")
    rocking = Rocking(0.05, 0.04, 80.0, cycle)
    assert rocking.turn(cycle.starts[2] + 0.04) == pytest.approx(0.05 * cycle.full[2], abs=1e-9)
    assert rocking.turn(cycle.ends[2] + 0.04) == pytest.approx(0.05 * cycle.empty[2])
    assert Rocking(0.0, 0.04, 80.0, cycle).turn(0.3) == 0
