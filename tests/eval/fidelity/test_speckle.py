"""Speckle of known laws: fully developed, filtered by a Gaussian, moved by hand."""

import cv2
import numpy as np
import pytest

from echodfkd.clip import Frames
from echodfkd.eval.fidelity.speckle import (
    STATISTICS,
    correlation,
    distances,
    first_order,
    speckle,
    speckle_distance,
    texture,
)

NAMES = list(STATISTICS)


def field(rng: np.random.Generator, axial: float, lateral: float, side: int = 112) -> np.ndarray:
    """A complex Gaussian field seen through a Gaussian point-spread function of these deviations."""
    parts = rng.normal(size=(2, side, side))
    return np.stack([cv2.GaussianBlur(part, (0, 0), sigmaX=lateral, sigmaY=axial) for part in parts])


def clip(
    memory: float = 0.0, axial: float = 1.0, lateral: float = 1.0, frames: int = 24, seed: int = 0
) -> Frames:
    """Rayleigh speckle whose field keeps the share `memory` of itself from frame to frame."""
    rng = np.random.default_rng(seed)
    now = field(rng, axial, lateral)
    out = []
    for _ in range(frames):
        now = memory * now + np.sqrt(1 - memory**2) * field(rng, axial, lateral)
        grey = np.hypot(*now)
        out.append(np.clip(60 * grey / grey.mean(), 0, 255).astype(np.uint8))
    return np.stack(out)


def of(video: Frames, rate: float = 50.0) -> dict[str, float]:
    return dict(zip(NAMES, speckle(video, rate), strict=True))


def test_first_order_of_rayleigh_and_k_noise() -> None:
    rng = np.random.default_rng(0)
    rayleigh = rng.rayleigh(1.0, 400_000)
    snr, skewness, nakagami, shape = first_order(rayleigh)
    assert (snr, skewness) == (pytest.approx(1.913, abs=0.01), pytest.approx(0.631, abs=0.02))
    assert (nakagami, shape) == (pytest.approx(1, abs=0.01), pytest.approx(1, abs=0.01))
    few = rayleigh * np.sqrt(rng.gamma(2.0, 0.5, len(rayleigh)))  # K: X = 1 + 1/alpha (alpha 2)
    assert first_order(few)[3] == pytest.approx(1.5, abs=0.03)
    assert first_order(few)[2] == pytest.approx(0.5, abs=0.02)  # 1 / (1 + 2/alpha)


def test_displayed_rayleigh_speckle_is_near_its_law() -> None:
    found = of(clip())
    assert found["snr"] == pytest.approx(1.913, rel=0.06)
    assert found["nakagami"] == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize(("axial", "lateral"), [(1.0, 2.0), (1.5, 1.0)])
def test_grains_are_as_long_as_the_point_spread_says(axial: float, lateral: float) -> None:
    found = of(clip(axial=axial, lateral=lateral, frames=8))
    # FWHM of the intensity's autocorrelation is 2.355 sigma; that of the amplitude is a little longer
    assert found["axial"] == pytest.approx(2.355 * axial, rel=0.12)
    assert found["lateral"] == pytest.approx(2.355 * lateral, rel=0.12)


def test_life_is_what_the_field_keeps() -> None:
    lasting = of(clip(memory=0.95))
    # amplitudes correlate about as intensities do, |rho|^2 = .95^(2 lag): 2 frames are 40 ms
    assert lasting["same_40ms"] == pytest.approx(0.95**4, abs=0.05)
    assert lasting["lifetime"] == pytest.approx(20 * np.log(0.5) / (2 * np.log(0.95)), rel=0.2)
    assert of(clip(memory=0.0))["same_40ms"] == pytest.approx(0, abs=0.03)
    frozen = of(np.repeat(clip(frames=1), 24, axis=0))
    assert frozen["same_40ms"] == pytest.approx(1)
    assert frozen["lifetime"] == 12 * 20  # half of what is seen


def test_lags_are_in_time_and_not_guessed_between_a_frame_and_itself() -> None:
    video = clip(memory=0.9)
    assert of(video, 100.0)["same_40ms"] == pytest.approx(of(video, 50.0)["same_40ms"] ** 2, abs=0.05)
    slow = of(video, 8.33)
    assert np.isnan(slow["same_40ms"])
    assert np.isfinite(slow["same_200ms"])
    still = of(video[:1])
    assert np.isfinite(still["snr"])
    assert np.isnan(still["lifetime"])


def test_a_slow_trend_is_no_speckle() -> None:
    flat = clip(frames=4)
    ramp = np.linspace(0.6, 1.6, 112)[None, :, None]
    shaded = np.clip(flat * ramp, 0, 255).astype(np.uint8)
    assert of(shaded)["snr"] == pytest.approx(of(flat)["snr"], rel=0.05)


def test_dark_clips_have_none() -> None:
    assert np.isnan(speckle(np.zeros((4, 64, 64), np.uint8), 50.0)).all()
    assert not texture(np.full((2, 64, 64), 9, np.uint8)).any()
    assert np.isnan(correlation(np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32)))


def test_distances_are_in_spreads_of_the_reference() -> None:
    b = np.array([[0.0, 5.0, np.nan], [2.0, 5.0, np.nan]])  # spread 1, 0, unknown
    a = b + np.array([3.0, 1.0, 0.0])
    assert distances(a, b)[0] == pytest.approx(3)
    assert np.isnan(distances(a, b)[1:]).all()
    assert speckle_distance(a, b) == pytest.approx(3)
    assert speckle_distance(b, b) == 0
