import time

import numpy as np
import pytest
from beating_curves import soft
from dark_cavity import beating

from echodfkd.heads.features import FEATURES, frame_features


def of(prob: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(FEATURES, frame_features(prob).T, strict=True))


def ellipse(tilt: float = 0.0, long: float = 40, short: float = 20, side: int = 112) -> np.ndarray:
    """One frame (1, side, side): half-axes in pixels, turned by tilt radians."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    u, v = x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)
    return np.uint8(255) * ((u / short) ** 2 + (v / long) ** 2 < 1)[None].astype(np.uint8)


def test_areas_length_and_volume_of_an_ellipse() -> None:
    found = of(ellipse())
    assert found["area_50"][0] == pytest.approx(np.pi * 40 * 20 / 112**2, rel=0.01)
    assert found["area_50"] == pytest.approx(found["area_30"])
    assert found["doubt"][0] == 0
    assert found["length"][0] == pytest.approx(80 / 112, rel=0.05)
    assert found["volume"][0] == pytest.approx(4 / 3 * np.pi * 40 * 20**2 / 112**3, rel=0.03)
    assert found["width_40"][0] == pytest.approx(found["width_60"][0], rel=0.03)
    assert found["width_20"][0] < found["width_40"][0] <= 40.5 / 112
    assert (found["x"][0], found["y"][0], found["whole"][0]) == pytest.approx((0.5, 0.5, 1), abs=0.01)


@pytest.mark.parametrize("tilt", [-0.5, 0.0, 0.5])
def test_a_tilted_mask_measures_the_same(tilt: float) -> None:
    upright, found = of(ellipse()), of(ellipse(tilt))
    assert abs(found["tilt"][0]) == pytest.approx(abs(tilt), abs=0.02)
    for name in ("length", "volume", "width_20", "width_40", "width_60", "width_80"):
        assert found[name][0] == pytest.approx(upright[name][0], rel=0.03), name


def test_shape_is_that_of_the_largest_piece() -> None:
    mask = ellipse()
    mask[0, 2:8, 2:8] = 255
    found = of(mask)
    assert found["whole"][0] == pytest.approx(1 - 36 / (36 + np.pi * 800), abs=0.002)
    assert found["volume"] == pytest.approx(of(ellipse())["volume"])


def test_a_soft_rim_is_doubt() -> None:
    sharp, blurred = ellipse(), soft(ellipse() > 0)
    assert of(blurred)["doubt"][0] > 0.005
    assert of(blurred)["area_70"][0] < of(sharp)["area_50"][0] < of(blurred)["area_30"][0]


def test_empty_frames_have_no_shape() -> None:
    assert not frame_features(np.zeros((3, 112, 112), np.uint8)).any()


def test_a_row_depends_on_its_frame_alone() -> None:
    prob = soft(beating(10)[1])
    np.testing.assert_array_equal(frame_features(prob)[4:7], frame_features(prob[4:7]))


def test_rows_take_well_below_a_millisecond() -> None:
    prob = soft(beating(40)[1])
    best = min(_seconds(prob) for _ in range(5))
    assert best / 40 < 2e-3  # .2 ms on an idle core; the machine may be busy


def _seconds(prob: np.ndarray) -> float:
    begun = time.perf_counter()
    frame_features(prob)
    return time.perf_counter() - begun
