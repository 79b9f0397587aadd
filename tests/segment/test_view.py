from pathlib import Path

import numpy as np
import pytest

from echodfkd.readers import Source
from echodfkd.sector import Sector
from echodfkd.segment.curve import OUTLINE
from echodfkd.segment.view import draw_outline, view_of


def source(shape: tuple[int, int], spacing: tuple[float, float] | None = None) -> Source:
    return Source(
        path=Path("x"), name="x", shape=shape, n_frames=0, opener=lambda: iter(()), spacing_mm=spacing
    )


def inside(shape: tuple[int, int], rows: slice, columns: slice) -> Sector:
    mask = np.zeros(shape, bool)
    mask[rows, columns] = True
    return Sector(mask=mask, box=(0, 0, shape[1], shape[0]))


def test_only_the_sector_is_shown() -> None:
    frame = np.full((100, 200), 255, np.uint8)
    sector = inside(frame.shape, slice(20, 60), slice(50, 130))
    sector.mask[20:40, 50:90] = False  # a corner where a name might be burnt in
    picture = view_of(source(frame.shape), sector).grey(frame)
    assert picture.shape == (240, 480, 3)  # 40 x 80 pixels, longer side 480
    assert picture[:100, :220].max() == 0
    assert picture[140:, :].min() == 255


@pytest.mark.parametrize(
    ("shape", "spacing", "size"),
    [
        ((112, 112), None, (480, 480)),
        ((600, 800), None, (720, 540)),  # width, height: large ones are shrunk
        ((600, 600), None, (600, 600)),
        ((100, 100), (2.0, 1.0), (240, 480)),  # rows twice as far apart as columns
        ((101, 53), None, (252, 480)),  # even numbers only
    ],
)
def test_size_and_proportions(
    shape: tuple[int, int], spacing: tuple[float, float] | None, size: tuple[int, int]
) -> None:
    assert view_of(source(shape, spacing), inside(shape, slice(None), slice(None))).size == size


def test_the_outline_runs_along_the_masks_edge() -> None:
    mask = np.zeros((50, 50), bool)
    mask[10:40, 20:30] = True
    picture = np.zeros((500, 500, 3), np.uint8)
    draw_outline(picture, mask)
    rows, columns = np.nonzero((picture == OUTLINE).all(axis=2))
    assert (rows.min(), rows.max()) == (pytest.approx(100, abs=8), pytest.approx(399, abs=8))
    assert (columns.min(), columns.max()) == (pytest.approx(200, abs=4), pytest.approx(299, abs=4))


def test_no_mask_no_outline() -> None:
    picture = np.zeros((60, 60, 3), np.uint8)
    draw_outline(picture, np.zeros((30, 30), bool))
    assert not picture.any()
