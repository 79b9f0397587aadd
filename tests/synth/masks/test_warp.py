import cv2
import numpy as np
import pytest
from label_maps import HEARTS, heart, lv_only

from echodfkd.clip import Label
from echodfkd.synth.masks.complete import complete
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.shape import LENGTH
from echodfkd.synth.masks.warp import Warp
from echodfkd.synth.sim.kinetics import Kinetics

EVEN = Kinetics(apical=0.02)


def pieces(mask: np.ndarray) -> int:
    return int(cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0]) - 1


@pytest.mark.parametrize("index", HEARTS)
def test_nothing_moves_at_ed(index: int) -> None:
    warp = Warp(heart(index))
    still = warp.at(warp.motion(60, EVEN), 0.0)
    assert (still != heart(index).classes).mean() < 0.012  # outlines are smoothed, no more
    assert abs((still == Label.LV).sum() / heart(index).lv.sum() - 1) < 0.01


@pytest.mark.parametrize("index", HEARTS)
def test_the_wall_of_the_lv_keeps_its_area(index: int) -> None:
    alone = complete(lv_only(index))
    warp = Warp(alone)
    for ef in (15, 45, 75):
        motion = warp.motion(ef, EVEN)
        walls = [(warp.at(motion, a) == Label.MYOCARDIUM).sum() for a in (0.0, 0.5, 1.0)]
        assert np.abs(np.array(walls) / walls[0] - 1).max() < 0.1


def test_the_annulus_descends_the_apex_nearly_stands_still_and_the_atrium_fills() -> None:
    warp = Warp(heart(3))
    motion = warp.motion(60, EVEN)
    ed, es = warp.at(motion, 0.0), warp.at(motion, 1.0)
    _, z = warp.shape.pixels(ed.shape)
    ends = [(z[m == Label.LV].min(), z[m == Label.LV].max()) for m in (ed, es)]
    assert ends[0][1] - ends[1][1] == pytest.approx(0.15 * LENGTH, abs=3)
    assert abs(ends[0][0] - ends[1][0]) < 0.06 * LENGTH
    assert (es == Label.LA).sum() > 1.05 * (ed == Label.LA).sum()


def test_the_far_field_stands_still() -> None:
    warp = Warp(heart(3))
    x, z = warp.shape.pixels((112, 112))
    x0, _ = warp.motion(75, EVEN).to_reference(x, z, 1.0)
    far = (np.abs(x) > 100) & (z < 0)
    assert np.abs(x0 - x)[far].max(initial=0) < 1
    fine = np.arange(-100, 100, 0.5, dtype=np.float32)
    across, _ = warp.motion(75, EVEN).to_reference(fine, np.full_like(fine, 40), 1.0)
    assert (np.diff(across) > 0).all()  # nothing is folded


def test_every_class_stays_in_one_piece() -> None:
    for index in HEARTS:
        warp = Warp(heart(index))
        motion = warp.motion(70, EVEN)
        ed, es = warp.at(motion, 0.0), warp.at(motion, 1.0)
        assert pieces(es == Label.LV) == 1
        for label in (Label.LA, Label.RV, Label.RA):
            assert pieces(es == label) <= max(1, pieces(ed == label))
        alone = Warp(complete(lv_only(index)))
        assert pieces(alone.at(alone.motion(70, EVEN), 1.0) == Label.MYOCARDIUM) == 1


def test_an_outline_moves_by_parts_of_a_pixel() -> None:
    y, x = np.indices((112, 112))
    oval = (((x - 56) / 20) ** 2 + ((y - 70) / 50) ** 2 <= 1) & (y < 80)
    warp = Warp(LabelMap(oval.astype(np.uint8)))
    motion = warp.motion(60, EVEN)
    found = [(warp.at(motion, a) == Label.LV).sum() for a in np.linspace(0, 1, 41)]
    steps = -np.diff(found)
    assert steps.min() >= 0
    assert steps.max() < 4 * steps.mean()
