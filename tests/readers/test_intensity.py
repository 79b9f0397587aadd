import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.readers.intensity import Window, fit_window, to_grey


def test_grey_is_rec_601_luma():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert to_grey(pixels).tolist() == [[76, 150, 29, 255]]


def test_every_grey_level_survives():
    levels = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_array_equal(to_grey(np.repeat(levels[..., None], 3, axis=2)), levels)


def test_window_is_linear_and_clips():
    values = np.array([-5.0, 0.0, 5.0, 10.0, 99.0])
    assert Window(0, 10).apply(values).tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize(
    ("parts", "window", "noted"),
    [
        ([np.array([True, False])], Window(0, 1), False),
        ([np.array([0.0, 0.5])], Window(0, 1), False),
        ([np.array([0.0, 0.5]), np.array([200.0])], Window(0, 255), False),
        ([np.array([0, 255], np.int16)], Window(0, 255), False),
        ([np.array([0, 1], np.int16)], Window(0, 255), False),
        ([np.array([0, 4095], np.uint16)], Window(0, 4095), True),
        ([np.array([-10.0, 10.0])], Window(-10, 10), True),
    ],
)
def test_fit_window(parts, window, noted):
    found, notes = fit_window(parts, "a.npz")
    assert found == window and bool(notes) == noted


def test_fit_window_names_the_range():
    assert fit_window([np.array([0, 4095])], "a")[1] == (
        "Pixel values 0..4095 were rescaled to 0..255 over the whole clip.",
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_fit_window_refuses_what_is_not_finite(bad):
    with pytest.raises(EchoError, match=r"^a\.npz: holds NaN or infinite pixels"):
        fit_window([np.zeros(3), np.array([0.0, bad, 1.0])], "a.npz")


def test_fit_window_refuses_complex_numbers():
    with pytest.raises(EchoError, match="must be real numbers, got complex128"):
        fit_window([np.zeros(3, complex)], "a.npz")


def test_a_constant_clip_has_no_division_by_zero():
    window, _ = fit_window([np.full(3, 1000.0)], "a")
    assert window.apply(np.full(3, 1000.0)).tolist() == [0, 0, 0]
