import cv2
import numpy as np
import pytest

from echodfkd.synth.sim.anatomy import sample_anatomy
from echodfkd.synth.sim.outlines import ABOVE, Outlines, cells, rows_of


@pytest.mark.parametrize("part", ["cavity", "la", "rv"])
def test_an_outline_drawn_on_its_own_rows_is_the_outline(part: str) -> None:
    outline = getattr(Outlines(sample_anatomy(np.random.default_rng(0))), part)
    whole = np.zeros((320, 307), np.uint8)
    cv2.fillPoly(whole, [cells(outline, 0.75)], 1, shift=4)
    rows = rows_of(outline, 0.75, 1.0)
    alone = np.zeros_like(whole[rows])
    cv2.fillPoly(alone, [cells(outline, 0.75, rows.start)], 1, shift=4)
    assert np.array_equal(alone, whole[rows])
    assert alone.sum() == whole.sum() > 1000
    assert len(alone) < 160


def test_rows_begin_with_the_grid() -> None:
    high = np.array([[0.0, -ABOVE - 3], [0.0, -ABOVE + 4]], np.float32)
    assert rows_of(high, 0.5, 1.0) == slice(0, 11)
