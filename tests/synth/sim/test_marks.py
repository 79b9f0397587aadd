import numpy as np

from echodfkd.synth.sim.display import Geometry
from echodfkd.synth.sim.marks import sample_marks
from echodfkd.synth.sim.scanner import sample_style


def drawn(menus: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    pairs = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        geometry = Geometry(sample_style(rng, "echonet"), 112)
        pairs.append((sample_marks(rng, geometry, 112, menus), geometry.sector))
    return pairs


def test_marks_mostly_keep_off_the_sector() -> None:
    over = [bool((marks[sector] > 0).any()) for marks, sector in drawn(False)]
    assert 0 < sum(over) < 0.3 * len(over)


def test_a_captured_screen_shows_much_more() -> None:
    def plain(menus: bool) -> float:
        return float(np.mean([(marks > 0)[~sector].mean() for marks, sector in drawn(menus)]))

    assert plain(True) > 3 * plain(False)
