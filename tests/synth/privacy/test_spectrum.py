from collections.abc import Callable

import numpy as np
import pytest
from hidden_copies import sim

from echodfkd.clip import Frames
from echodfkd.synth.privacy.fingerprint import Fingerprint, unit_rows
from echodfkd.synth.privacy.spectrum import SpectrumFingerprint


def correlation(a: Frames, b: Frames) -> float:
    make = SpectrumFingerprint()
    return float((unit_rows(make(a[:1])) @ unit_rows(make(b[:1])).T)[0, 0])


@pytest.fixture(scope="module")
def frames() -> Frames:
    return sim(2).clip(3, 0).frames


def test_is_a_fingerprint(frames: Frames) -> None:
    make = SpectrumFingerprint()
    assert isinstance(make, Fingerprint)
    assert make(frames).shape == (2, 170)
    assert make(frames).dtype == np.float32


def test_each_frame_is_described_by_itself(frames: Frames) -> None:
    make = SpectrumFingerprint()
    np.testing.assert_allclose(make(frames)[1:], make(frames[1:]), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "least"),
    [
        (lambda f: f, 0.9999),
        (lambda f: f[:, :, ::-1], 0.99),
        (lambda f: np.roll(f, (4, -3), (1, 2)), 0.8),
        (lambda f: (0.6 * f + 30).astype(np.uint8), 0.85),
        (lambda f: f.repeat(2, 1).repeat(2, 2), 0.99),
    ],
    ids=["itself", "mirrored", "shifted", "contrast", "enlarged"],
)
def test_what_leaves_it_alike(frames: Frames, change: Callable[[Frames], Frames], least: float) -> None:
    assert correlation(frames, change(frames)) >= least


def test_other_patients_differ(frames: Frames) -> None:
    assert max(correlation(frames, sim(1).clip(3, index).frames) for index in range(1, 7)) < 0.45


@pytest.mark.parametrize("grey", [0, 255])
def test_an_even_frame_has_finite_features_that_resemble_nothing(grey: int, frames: Frames) -> None:
    even = np.full_like(frames, grey)
    assert np.isfinite(SpectrumFingerprint()(even)).all()
    assert correlation(even, frames) < 0.3
