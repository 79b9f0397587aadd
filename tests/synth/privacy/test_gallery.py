import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.synth.privacy import gallery as module
from echodfkd.synth.privacy.fingerprint import Features, unit_rows
from echodfkd.synth.privacy.gallery import Gallery, evenly, gallery_stride


def features(seed: int, frames: int, size: int = 30) -> Features:
    return unit_rows(np.random.default_rng(seed).standard_normal((frames, size)).astype(np.float32))


def test_products_of_unit_rows_are_pearson_correlations() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(5, 9, (2, 3, 40)).astype(np.float32)
    expected = np.corrcoef(a, b)[:3, 3:]
    np.testing.assert_allclose(unit_rows(a) @ unit_rows(b).T, expected, atol=1e-5)


def test_a_frame_without_features_resembles_nothing() -> None:
    assert not unit_rows(np.full((2, 8), 3.0, np.float32)).any()


def test_nan_is_refused() -> None:
    with pytest.raises(EchoError, match="NaN or infinite"):
        unit_rows(np.full((1, 4), np.nan, np.float32))


@pytest.mark.parametrize("blocks", [(1024, 8192), (2, 3)])
def test_largest_correlation_over_all_pairs_of_frames(
    blocks: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS", blocks[0])
    monkeypatch.setattr(module, "COLUMNS", blocks[1])
    clips = [features(seed, frames) for seed, frames in enumerate((4, 1, 7))]
    probe = features(9, 5)
    expected = [(probe @ clip.T).max() for clip in clips]
    found = Gallery.of(["a", "b", "c"], clips, 1).similarities(probe)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_stride_grows_with_the_set() -> None:
    assert [gallery_stride(clips, 128) for clips in (24, 195, 196, 1000, 7465)] == [1, 1, 3, 7, 7]


@pytest.mark.parametrize("stride", [3, 5, 7])
@pytest.mark.parametrize("step", [1, 2])
def test_a_run_of_stride_copied_frames_meets_itself(stride: int, step: int) -> None:
    """At the full and at half the frame rate, wherever it starts."""
    clip = features(0, 40)
    gallery = Gallery.of(["a"], [clip[::stride]], stride)
    for start in range(40 - stride * step):
        run = clip[start : start + stride * step : step]
        assert gallery.similarities(run)[0] == pytest.approx(1.0, abs=1e-4)


def test_leave_one_out_passes_a_clip_itself_over() -> None:
    clips = [features(seed, 3) for seed in range(4)]
    numbers = evenly(4, 2)
    alike = Gallery.of(list("abcd"), clips, 1).leave_one_out(numbers, [clips[n] for n in numbers.tolist()])
    assert (numbers.tolist(), alike.shape) == ([0, 3], (2, 4))
    assert (alike[0, 0], alike[1, 3]) == (-1, -1)
    assert alike[0, 3] == pytest.approx((clips[0] @ clips[3].T).max(), abs=1e-4)
    assert alike.max() < 0.99
