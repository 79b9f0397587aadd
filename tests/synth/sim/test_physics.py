"""Speckle statistics against theory, before log compression (Wagner 1983; Goodman 2007)."""

import numpy as np
import pytest
from scipy.stats import skew

from echodfkd.synth.sim.physics import (
    envelope,
    gaussian_kernel,
    log_compress,
    point_spread,
    scatterers,
    weigh,
)

SIGMA = 2.0


@pytest.fixture(scope="module")
def developed() -> np.ndarray:
    """Envelope of fully developed speckle, thinned to nearly independent samples."""
    field = scatterers(np.random.default_rng(0), (1500, 1500))
    return envelope(point_spread(field, SIGMA, SIGMA))


def thinned(amplitude: np.ndarray) -> np.ndarray:
    return amplitude[8::8, 8::8].ravel().astype(np.float64)


def test_envelope_snr_is_that_of_a_rayleigh_distribution(developed: np.ndarray) -> None:
    samples = thinned(developed)
    assert samples.mean() / samples.std() == pytest.approx(1.913, abs=0.03)


def test_nakagami_m_and_intensity_snr_are_one(developed: np.ndarray) -> None:
    intensity = thinned(developed) ** 2
    assert intensity.mean() ** 2 / intensity.var() == pytest.approx(1, abs=0.05)
    assert intensity.mean() / intensity.std() == pytest.approx(1, abs=0.03)


def test_envelope_skewness(developed: np.ndarray) -> None:
    assert skew(thinned(developed)) == pytest.approx(0.631, abs=0.05)


def test_spread_of_the_envelope_in_decibels(developed: np.ndarray) -> None:
    assert (20 * np.log10(thinned(developed))).std() == pytest.approx(5.57, abs=0.1)


def test_autocorrelation_width_of_intensity_follows_the_point_spread(developed: np.ndarray) -> None:
    intensity = developed.astype(np.float64) ** 2
    r = intensity - intensity.mean()
    curve = np.array([(r[: len(r) - k] * r[k:]).mean() for k in range(8)])
    curve = curve / curve[0]
    after = int(np.argmax(curve < 0.5))
    half = after - 1 + (curve[after - 1] - 0.5) / (curve[after - 1] - curve[after])
    assert 2 * half == pytest.approx(2.355 * SIGMA, rel=0.04)


@pytest.mark.parametrize(("per_cell", "snr"), [(0.02, 0.14), (0.1, 0.31), (0.5, 0.72), (2.0, 1.34)])
def test_too_few_scatterers_lower_the_snr(per_cell: float, snr: float) -> None:
    area = 4 * np.pi * SIGMA * SIGMA  # of a resolution cell, in grid cells
    field = scatterers(np.random.default_rng(1), (2500, 2500), per_cell=per_cell / area)
    samples = envelope(point_spread(field, SIGMA, SIGMA))[8:-8, 8:-8].astype(np.float64)
    assert samples.mean() / samples.std() == pytest.approx(snr, rel=0.12)


def test_a_strength_weighs_every_look_alike() -> None:
    field, strength = scatterers(np.random.default_rng(2), (9, 7), looks=2), np.arange(63, dtype="f4")
    assert np.array_equal(weigh(field, strength.reshape(9, 7)), field * strength.reshape(9, 7, 1))


def test_a_kernel_that_is_shared_cannot_be_changed() -> None:
    assert gaussian_kernel(1.7) is gaussian_kernel(1.7)
    with pytest.raises(ValueError, match="read-only"):
        gaussian_kernel(1.7)[0] = 1


def test_power_passes_the_filter_unchanged() -> None:
    assert (gaussian_kernel(1.7) ** 2).sum() == pytest.approx(1, abs=1e-6)
    field = scatterers(np.random.default_rng(2), (800, 800))
    assert (envelope(point_spread(field, 1.0, 3.0)) ** 2).mean() == pytest.approx(1, abs=0.05)


def test_log_compression_maps_its_range_to_grey() -> None:
    amplitude = np.float32([[1.0, 0.1, 0.001]])  # 0, -20, -60 dB
    grey = log_compress(amplitude, np.zeros_like(amplitude), 40.0)
    assert grey[0].tolist() == pytest.approx([1.0, 0.5, 0.0], abs=1e-4)


def test_two_looks_raise_the_snr_by_the_root_of_two() -> None:
    field = scatterers(np.random.default_rng(3), (700, 700), looks=2)
    assert field.shape == (700, 700, 4)
    both = envelope(point_spread(field, 1.2, 2.0))
    assert both.mean() / both.std() == pytest.approx(np.sqrt(2) * 1.913, abs=0.05)
