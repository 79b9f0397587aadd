from dataclasses import replace

import numpy as np

from echodfkd.synth.sim.display import Geometry
from echodfkd.synth.sim.haze import Haze
from echodfkd.synth.sim.scanner import sample_style


def haze(drift: float, looks: int = 1) -> Haze:
    style = replace(sample_style(np.random.default_rng(1), "echonet"), haze_drift=drift, looks=looks)
    return Haze(np.random.default_rng(2), style, Geometry(style, 64))


def test_without_drift_it_stands_still() -> None:
    still = haze(0.0)
    assert (still.at(0.0) == still.at(0.37)).all()


def test_with_drift_a_part_of_it_moves_and_comes_back() -> None:
    moving = haze(6.0)
    times = np.linspace(0, 5, 101)
    away = [float(np.abs(moving.at(t) - moving.at(0.0)).mean()) for t in times]
    assert max(away) > 0.2 * float(np.abs(moving.at(0.0)).mean())
    assert min(away[20:]) < 0.5 * max(away)


def test_one_field_for_each_look() -> None:
    assert haze(6.0, looks=2).at(0.1).shape[-1] == 4


def test_it_is_strongest_under_the_probe() -> None:
    power = np.square(haze(3.0).at(0.0)).sum(-1).mean(1)
    assert power[:10].mean() > 3 * power[-30:].mean()
