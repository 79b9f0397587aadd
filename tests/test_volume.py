"""The method of disks on rasterised half-ellipsoids, whose volume is known in closed form."""

import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.volume import clip_volumes, disk_volume, ejection_fraction


def ventricle(
    length=60.0,
    radius=20.0,
    cut=0.35,
    tilt=0.0,
    base_tilt=0.0,
    size=112,
    spacing=(1.0, 1.0),
    shift=(0.0, 0.0),
):
    """Coverage (size, size) of an ellipse cut `cut` half-axes below its middle; the solid's volume (ml).

    Rotating the half-ellipse about its axis gives pi r^2 b (2/3 + cut - cut^3 / 3), b = length / (1 + cut).
    """
    fine = 5
    grid = (np.arange(size * fine) + 0.5) / fine - 0.5
    y, x = np.meshgrid(
        (grid - (size - 1) / 2) * spacing[0] - shift[1],
        (grid - (size - 1) / 2) * spacing[1] - shift[0],
        indexing="ij",
    )
    angle, half = np.deg2rad(tilt), length / (1 + cut)
    across, down = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    down = down + length / 2 - half
    inside = (across / radius) ** 2 + (down / half) ** 2 <= 1
    inside &= down - cut * half <= np.tan(np.deg2rad(base_tilt)) * across
    coverage = inside.reshape(size, fine, size, fine).mean((1, 3))
    return coverage, np.pi * radius**2 * half * (2 / 3 + cut - cut**3 / 3) / 1000


@pytest.mark.parametrize("tilt", [-40, -20, 0, 20, 40])
@pytest.mark.parametrize(
    ("length", "radius", "cut"), [(60, 20, 0.35), (45, 12, 0.2), (70, 24, 0.5), (40, 20, 0.3)]
)
def test_volume_and_length_of_a_half_ellipsoid(tilt, length, radius, cut):
    coverage, truth = ventricle(length, radius, cut, tilt)
    disks = disk_volume(coverage >= 0.5)
    assert disks.volume_ml == pytest.approx(truth, rel=0.025)
    assert disks.length_mm == pytest.approx(length, rel=0.02)


@pytest.mark.parametrize("base_tilt", [-15, 15])
def test_oblique_mitral_plane(base_tilt):
    coverage, truth = ventricle(base_tilt=base_tilt)
    assert disk_volume(coverage >= 0.5).volume_ml == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize("spacing", [(0.5, 0.9), (1.2, 0.8)])
def test_anisotropic_spacing(spacing):
    coverage, truth = ventricle(tilt=15, spacing=spacing, size=140)
    disks = disk_volume(coverage >= 0.5, spacing)
    assert disks.volume_ml == pytest.approx(truth, rel=0.02)
    assert disks.length_mm == pytest.approx(60, rel=0.02)


def test_soft_masks_integrate_the_probability():
    coverage, truth = ventricle(tilt=10)
    assert disk_volume(coverage).volume_ml == pytest.approx(truth, rel=0.01)


def test_steady_under_movements_of_less_than_a_pixel():
    rng = np.random.default_rng(0)
    moved = [
        ventricle(tilt=15 + rng.uniform(-3, 3), base_tilt=8, shift=rng.uniform(-1, 1, 2))[0]
        for _ in range(25)
    ]
    volumes = clip_volumes(np.array(moved) >= 0.5)
    assert volumes.std() / volumes.mean() < 0.008


def test_axis_and_hinges_stand_where_the_shape_has_them():
    disks = disk_volume(ventricle(length=60, radius=20, cut=0.35)[0] >= 0.5)
    assert disks.apex == pytest.approx((55.5, 25.5), abs=1)  # the middle, pixel 55.5, less half the length
    assert disks.base == pytest.approx((55.5, 85.5), abs=1)
    half_chord = 20 * np.sqrt(1 - 0.35**2)
    assert disks.hinges[0] == pytest.approx((55.5 - half_chord, 85.5), abs=1.5)
    assert disks.hinges[1] == pytest.approx((55.5 + half_chord, 85.5), abs=1.5)
    assert disks.diameters_mm.shape == (20,)
    assert disks.diameters_mm.max() == pytest.approx(40, abs=0.7)


def test_ef_does_not_depend_on_the_spacing():
    masks = np.array([ventricle()[0], ventricle(length=52, radius=14)[0]]) >= 0.5
    plain, scaled = clip_volumes(masks), clip_volumes(masks, (0.37, 0.37))
    assert scaled == pytest.approx(plain * 0.37**3)
    assert ejection_fraction(*scaled) == pytest.approx(ejection_fraction(*plain))


def test_only_the_largest_component_counts():
    mask = ventricle()[0] >= 0.5
    clean = disk_volume(mask).volume_ml
    mask[2:8, 2:8] = True
    assert disk_volume(mask).volume_ml == clean
    soft = ventricle()[0]
    soft[2:8, 2:8] = 0.9
    assert disk_volume(soft).volume_ml == disk_volume(ventricle()[0]).volume_ml


def test_lv_cut_by_the_edge_of_the_frame():
    coverage, truth = ventricle(shift=(0, -28))  # the apex leaves the frame by about 3 pixels
    assert disk_volume(coverage >= 0.5).volume_ml == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize("pixels", [(), (50,), (50, 51)])
def test_no_lv_has_no_volume(pixels):
    mask = np.zeros((112, 112), bool)
    for pixel in pixels:
        mask[pixel, 40:60] = True
    disks = disk_volume(mask)
    assert (disks.volume_ml, disks.length_mm) == (0, 0)
    assert disks.apex is disks.base is disks.hinges is None
    assert not disks.diameters_mm.any()


def test_blobs_of_any_shape_are_measured_without_complaint():
    rng = np.random.default_rng(1)
    for density in (0.3, 0.6, 0.9):
        assert disk_volume(rng.random((40, 60)) < density).volume_ml >= 0
    assert disk_volume(np.ones((112, 112), bool)).volume_ml > 0


def test_ejection_fraction():
    assert ejection_fraction(100, 40) == 60
    with pytest.raises(EchoError, match="EDV > 0"):
        ejection_fraction(0, 0)


def test_bad_input():
    with pytest.raises(EchoError, match=r"bool or float 0\.\.1 of shape \(H, W\), got uint8"):
        disk_volume(np.zeros((4, 4), np.uint8))
    with pytest.raises(EchoError, match="spacing must be two positive numbers"):
        disk_volume(np.zeros((4, 4), bool), (0.0, 1.0))
