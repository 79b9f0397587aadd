"""Tracings against EchoNet-Dynamic's golden mask, and the polygon filler against scikit-image's."""

import json
from pathlib import Path

import numpy as np
import pytest
from skimage.draw import ellipse, polygon

from echodfkd.errors import EchoError
from echodfkd.eval.dice import dice_per_image
from echodfkd.tracings import (
    Tracing,
    fill_polygon,
    mask_to_tracing,
    read_tracings,
    tracing_to_mask,
    write_tracings,
)

GOLDEN = json.loads((Path(__file__).parent / "golden" / "echonet_tracing.json").read_text())


def ventricle(radius=18):
    mask = np.zeros((112, 112), bool)
    mask[ellipse(70, 50, 48, radius, shape=mask.shape, rotation=np.deg2rad(12))] = True
    mask[85:] = False
    return mask


def tracing(name, frame, scale):
    """A square of `scale` pixels: axis, then its upper and lower edge."""
    return Tracing(
        name, frame, np.array([[5, 0, 5, scale], [0, 0, scale, 0], [0, scale, scale, scale]], float)
    )


def test_golden_mask():
    mask = tracing_to_mask(GOLDEN["tracing_X1_Y1_X2_Y2"], (112, 112))
    assert mask.sum() == GOLDEN["mask_area"]
    assert mask.sum(1).tolist() == GOLDEN["row_areas"]


def test_polygons_fill_as_in_scikit_image():
    rng = np.random.default_rng(0)
    for _ in range(400):  # self-crossing, degenerate and partly outside ones among them
        corners = rng.integers(-5, 40, (rng.integers(3, 12), 2))
        expected = np.zeros((30, 35), bool)
        expected[polygon(corners[:, 1], corners[:, 0], expected.shape)] = True
        assert (fill_polygon(corners, expected.shape) == expected).all(), corners.tolist()


def test_outline_belongs_to_the_polygon_and_the_outside_is_cut():
    assert fill_polygon(np.array([[1, 1], [3, 1], [3, 3], [1, 3]]), (5, 5)).sum() == 9
    assert fill_polygon(np.array([[-9, -9], [99, -9], [99, 99], [-9, 99]]), (4, 6)).all()
    assert not fill_polygon(np.array([[50, 50], [60, 50], [60, 60]]), (5, 5)).any()


@pytest.mark.parametrize("radius", [12, 18, 26])
def test_mask_survives_the_way_there_and_back(radius):
    mask = ventricle(radius)
    back = tracing_to_mask(mask_to_tracing(mask), mask.shape)
    assert dice_per_image(back[None], mask[None])[0] > 0.97
    assert back.sum() == pytest.approx(mask.sum(), rel=0.04)


def test_tracing_has_echonets_form():
    lines = mask_to_tracing(ventricle())
    assert lines.shape == (21, 4)
    axis = lines[0, 2:] - lines[0, :2]
    assert axis[1] > 40  # from the apex down to the base
    chords = lines[1:, 2:] - lines[1:, :2]
    assert (chords[:, 0] >= 0).all()  # from left to right
    assert np.abs(chords @ axis).max() < 1e-6 * np.linalg.norm(axis)  # across the axis
    assert (np.diff(lines[1:, 1] + lines[1:, 3]) > 0).all()  # downwards


def test_no_lv_cannot_be_traced():
    with pytest.raises(EchoError, match="no left ventricle"):
        mask_to_tracing(np.zeros((112, 112), bool))


@pytest.mark.parametrize("lines", [np.zeros((2, 4)), np.zeros((21, 3)), np.full((21, 4), np.nan)])
def test_bad_tracing(lines):
    with pytest.raises(EchoError, match="a tracing needs a long axis and two chords"):
        tracing_to_mask(lines, (112, 112))


def test_file_has_es_before_ed(tmp_path):
    path = tmp_path / "VolumeTracings.csv"
    write_tracings(path, [tracing("a", 3, 40), tracing("a", 17, 30), tracing("b", 5, 8), tracing("b", 2, 9)])
    rows = path.read_text().splitlines()
    assert rows[0] == "FileName,X1,Y1,X2,Y2,Frame"
    assert rows[1] == "a.avi,5.0000,0.0000,5.0000,30.0000,17"
    assert [row.rsplit(",", 1)[1] for row in rows[1:]] == ["17"] * 3 + ["3"] * 3 + ["5"] * 3 + ["2"] * 3
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_reading_decides_ed_and_es_by_area(tmp_path):
    path = tmp_path / "VolumeTracings.csv"
    write_tracings(path, [tracing("a", 3, 40), tracing("a", 17, 30)])
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *rows[3:], *rows[:3]]) + "\n")  # ED first, as some files have it
    read = read_tracings(path)
    assert [t.frame for t in read["a"]] == [17, 3]
    assert [t.area for t in read["a"]] == [900, 1600]
    assert (read["a"][1].lines == tracing("a", 3, 40).lines).all()


def test_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "VolumeTracings.csv"
    path.write_text("old")

    def broken():
        yield tracing("a", 3, 40)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_tracings(path, broken())
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FileName,X1,Y1,X2\n", "lacks the columns Y2, Frame"),
        ("FileName,X1,Y1,X2,Y2,Frame\na.avi,1,2,3,four,5\n", "line 2: not a traced line"),
        ("FileName,X1,Y1,X2,Y2,Frame\na.avi,1,2\n", "line 2: not a traced line"),
    ],
)
def test_bad_file(tmp_path, text, message):
    path = tmp_path / "VolumeTracings.csv"
    path.write_text(text)
    with pytest.raises(EchoError, match=message):
        read_tracings(path)


def test_missing_file(tmp_path):
    with pytest.raises(EchoError, match="cannot read the tracings"):
        read_tracings(tmp_path / "none.csv")
