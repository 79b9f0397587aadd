import numpy as np
from label_maps import heart

from echodfkd.clip import Label
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.shape import LENGTH, measure
from echodfkd.synth.sim.motion import TABLE


def test_heart_coordinates_run_from_apex_to_annulus_and_back_to_pixels() -> None:
    shape = measure(heart(3))
    x, y = np.array([20.0, 60.0]), np.array([30.0, 90.0])
    assert np.allclose(shape.to_picture(*shape.to_heart(x, y)), (x, y), atol=1e-3)
    assert shape.disks.base is not None
    assert np.allclose(shape.to_heart(*np.array([shape.apex, shape.disks.base]).T)[1], (0, LENGTH), atol=1e-3)


def test_the_septum_lies_at_negative_x_also_in_a_mirror() -> None:
    right = heart(3).classes == Label.RV
    assert measure(heart(3)).pixels(right.shape)[0][right].mean() < 0
    mirrored = LabelMap(heart(3).classes[:, ::-1].copy())
    assert measure(mirrored).pixels(right.shape)[0][right[:, ::-1]].mean() < 0


def test_the_profile_is_as_wide_as_the_lv() -> None:
    map_ = heart(3)
    shape = measure(map_)
    width = shape.profile.sides.sum(0)[TABLE // 4 : TABLE // 2]
    area = width.mean() * LENGTH / shape.scale**2
    assert abs(area / map_.lv.sum() - 1) < 0.03
    assert not shape.profile.sides[:, : TABLE // 4 - 10].any()


def test_cap_and_atrium_are_measured() -> None:
    y, x = np.indices((112, 112))
    classes = np.zeros((112, 112), np.uint8)
    oval = ((x - 56) / 26) ** 2 + ((y - 60) / 48) ** 2 <= 1
    classes[oval & (y < 70)] = Label.MYOCARDIUM
    classes[(((x - 56) / 18) ** 2 + ((y - 60) / 40) ** 2 <= 1) & (y < 70)] = Label.LV
    classes[70:100, 45:67] = Label.LA
    shape = measure(LabelMap(classes))
    assert abs(shape.profile.cap / shape.scale - 8) < 1.5
    assert abs(shape.profile.atrium / shape.scale - 30) < 2
