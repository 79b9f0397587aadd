import cv2
import numpy as np
import pytest
from label_maps import HEARTS, heart, lv_only

from echodfkd.clip import Label
from echodfkd.errors import EchoError
from echodfkd.synth.masks.complete import complete, fit_cone, with_wall
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.shape import LENGTH, measure


@pytest.mark.parametrize("index", HEARTS)
def test_the_ring_lies_round_the_lv_but_not_at_the_mitral_plane(index: int) -> None:
    alone = lv_only(index)
    ring = with_wall(alone)
    assert np.array_equal(ring.lv, alone.lv)
    rim = (cv2.dilate(alone.lv.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~alone.lv
    closed = ring.classes[rim] == Label.MYOCARDIUM
    hinges = measure(alone).disks.hinges
    assert hinges is not None
    (x0, y0), (x1, y1) = hinges
    y, x = np.argwhere(rim).T
    below = y - (y0 + (x - x0) * (y1 - y0) / (x1 - x0))  # the line through the hinges
    assert closed[below < -0.5].all()
    assert (below > 0.5).sum() > 5
    assert not closed[below > 0.5].any()


def test_the_ring_is_as_thick_as_a_wall() -> None:
    alone = lv_only()
    shape = measure(alone)
    ring = with_wall(alone).classes == Label.MYOCARDIUM
    _, z = shape.pixels(ring.shape)
    middle = np.abs(z - LENGTH / 2) < 10
    thickness = ring[middle].sum() * shape.scale**2 / 20 / 2  # mm: area over height, on either side
    assert thickness == pytest.approx(0.13 * LENGTH, rel=0.1)


def test_the_atrium_hangs_from_the_annulus() -> None:
    full = complete(lv_only())
    atrium = full.classes == Label.LA
    _, z = measure(full).pixels(atrium.shape)
    assert atrium.sum() > 0.15 * full.lv.sum()
    assert z[atrium].min() > 0.9 * LENGTH
    touching = cv2.dilate(full.lv.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert (touching & atrium).any()
    assert not (complete(lv_only(), atrium=False).classes == Label.LA).any()


@pytest.mark.parametrize("index", HEARTS)
def test_the_cone_holds_lv_and_wall(index: int) -> None:
    full = complete(lv_only(index))
    assert full.cone is not None
    inside = np.isin(full.classes, (Label.LV, Label.MYOCARDIUM))
    assert full.cone[inside].mean() > 0.99
    assert 0.25 < full.cone.mean() < 0.8
    assert not full.cone[0, 0]
    assert not full.cone[0, -1]


def test_what_is_there_is_kept() -> None:
    assert complete(heart(0)) is heart(0)
    coneless = heart(0).with_(cone=None)
    assert np.array_equal(complete(coneless).classes, heart(0).classes)
    cone = np.ones((112, 112), bool)
    assert complete(lv_only().with_(cone=cone)).cone is cone


def test_a_heart_no_cone_can_hold_is_said() -> None:
    classes = np.zeros((112, 112), np.uint8)
    classes[1:60, 2:110] = Label.LV
    fitted = fit_cone(LabelMap(classes))
    assert len(fitted.notes) == 1
    assert "the cone cuts off" in fitted.notes[0]


def test_an_lv_without_a_shape() -> None:
    classes = np.zeros((112, 112), np.uint8)
    classes[50:52, 50:52] = Label.LV
    with pytest.raises(EchoError, match="has only 4 pixels: too small to move"):
        complete(LabelMap(classes))
