import numpy as np

from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.tracing import INNER, fold, split_layer


def test_conventions_differ_by_trabeculae_and_papillary_muscles() -> None:
    tissues = np.array([[an.CAVITY, an.WALL, INNER, an.TRABECULAE, an.PAPILLARY]], np.uint8)
    assert fold(tissues, "echonet").tolist() == [[1, 2, 2, 2, 1]]
    assert fold(tissues, "camus").tolist() == [[1, 2, 1, 2, 1]]
    assert fold(tissues, "ase").tolist() == [[1, 2, 1, 1, 1]]
    assert fold(tissues, "anatomical").tolist() == [[1, 2, 2, 2, 2]]


def test_the_layer_is_split_half_way_between_cavity_and_wall() -> None:
    row = [an.CAVITY] * 3 + [an.TRABECULAE] * 4 + [an.WALL] * 3
    tissues = np.array([row] * 3, np.uint8)
    inner = split_layer(tissues) == INNER
    assert inner.tolist() == [[False] * 3 + [True] * 2 + [False] * 5] * 3
