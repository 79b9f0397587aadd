from typing import Any

import numpy as np
import pytest
from moving_ellipse import MovingEllipse

from echodfkd.clip import Clip
from echodfkd.synth.diffusion.cuts import Shape, windows_of

SHAPE = Shape(8, 50.0, 16)


def counting(frames: int, fps: float | None, side: int = 8) -> Clip:
    """A clip whose grey values count its frames."""
    grey = np.arange(frames, dtype=np.uint8)[:, None, None] + np.zeros((1, side, side), np.uint8)
    return Clip(frames=grey, fps=fps, name="counting")


@pytest.mark.parametrize(
    ("frames", "fps", "length", "expected"),
    [
        (50, 50.0, 32, np.round(np.arange(32) * 50 / 32).astype(int)),  # a second, at 32 Hz
        (8, 16.0, 16, np.minimum(np.round(np.arange(16) / 2).astype(int), 7)),  # frames come twice
        (5, 32.0, 5, np.arange(5)),
        (5, None, 5, np.arange(5)),
        (1, 50.0, 1, np.array([0])),
    ],
)
def test_clips_are_seen_at_one_rate(frames: int, fps: float | None, length: int, expected: Any) -> None:
    (window,) = windows_of(counting(frames, fps), Shape(32, 32.0, 8))
    assert window.length == length
    assert window.frames.shape == (32, 8, 8)
    assert np.array_equal(window.frames[:length, 0, 0], expected)
    assert (window.frames[length:] == window.frames[length - 1]).all()


@pytest.mark.parametrize(("frames", "windows"), [(7, 1), (8, 1), (15, 1), (16, 2), (17, 2)])
def test_whole_windows_follow_each_other(frames: int, windows: int) -> None:
    found = [*windows_of(counting(frames, 50.0), Shape(8, 50.0, 8))]
    assert [window.frames[0, 0, 0] for window in found] == [0, 8][:windows]
    assert [window.length for window in found] == [min(frames, 8)] * windows


def test_what_is_known_of_a_clip_goes_with_its_windows() -> None:
    clip = MovingEllipse(size=32).clip(0, 0)
    (window,) = windows_of(clip, SHAPE)
    assert (window.ef, window.labelled) == (51.0, True)
    assert window.sector.all()
    assert set(np.unique(window.labels)) == {0, 1}
    assert clip.mask is not None
    assert np.array_equal(window.labels, clip.mask[:, ::2, ::2])
    assert abs(float(window.frames.mean()) - float(clip.frames.mean())) < 1
    (window,) = windows_of(clip.with_(mask=None, sector=None, ef=None), SHAPE)
    assert np.isnan(window.ef)
    assert not window.labelled
    assert not window.labels.any()
    assert np.array_equal(window.sector, window.frames.max(0) > 0)


def test_anatomy_keeps_its_shape_in_clips_that_are_not_square() -> None:
    wide = Clip(frames=np.full((2, 8, 16), 200, np.uint8), fps=50.0)
    (window,) = windows_of(wide, Shape(2, 50.0, 16))
    assert (window.frames[:, 4:12] == 200).all()
    assert not window.frames[:, :4].any()
    assert not window.frames[:, 12:].any()
