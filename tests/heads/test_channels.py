import numpy as np
import pytest
from beating_curves import ellipse_curves, soft
from dark_cavity import beating

from echodfkd.heads.channels import CHANNELS, channels, on_frames, steps
from echodfkd.heads.features import FEATURES, frame_features


def upright(short: float, side: int = 112) -> np.ndarray:
    """An upright ellipse (side, side), twice as long as wide; half-width in pixels."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.asarray((x / short) ** 2 + (y / short / 2) ** 2 < 1)


def test_a_clip_without_an_lv_has_finite_channels() -> None:
    assert np.isfinite(channels(np.zeros((3, len(FEATURES)), np.float32), 25.0)).all()


@pytest.mark.parametrize(("frames", "fps"), [(1, 25.0), (16, 8.33), (50, 25.0), (128, 50.0), (300, 200.0)])
def test_the_clock_runs_at_30_hz_whatever_the_frame_rate(frames: int, fps: float) -> None:
    rows = np.repeat(frame_features(soft(beating(1)[1])), frames, axis=0)
    seen = channels(rows, fps)
    assert seen.shape == (CHANNELS, int((frames - 1) / fps * 30 + 1e-6) + 1)
    assert seen.dtype == np.float32
    assert steps(frames, fps)[-1] <= frames - 1
    assert np.abs(seen[:16] - seen[:16, :1]).max() < 1e-3  # what stands still stays still


def test_curves_do_not_depend_on_the_hearts_size() -> None:
    small, large = (soft(np.stack([upright(w) for w in r])) for r in ([18, 14, 18], [27, 21, 27]))
    one, two = (channels(frame_features(prob), 10.0) for prob in (small, large))
    areas = [1, 2, 3]  # area, length, volume
    np.testing.assert_allclose(one[areas], two[areas], atol=0.12)
    assert one[1].min() == pytest.approx(4 * ((14 / 18) ** 2 - 0.8), abs=0.1)


def test_a_lost_frame_is_bridged() -> None:
    clip = ellipse_curves(30)
    broken = clip.rows.copy()
    broken[12] = 0
    np.testing.assert_allclose(channels(broken, 25.0)[:8], channels(clip.rows, 25.0)[:8], atol=0.1)


def test_a_peak_between_two_frames_of_a_slow_clip_is_not_lost() -> None:
    """At 6 Hz the clock has 5 steps a frame; the peak on its step 7 lies between frames 1 and 2."""
    curve = np.zeros(16)
    curve[7] = 0.9
    assert on_frames(curve, 4, 6.0) == pytest.approx([0, 0.9, 0, 0])
    assert on_frames(curve, 16, 30.0) == pytest.approx(curve)
    assert on_frames(curve, 31, 60.0)[13:16] == pytest.approx([0.45, 0.9, 0.45])
