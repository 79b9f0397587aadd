import numpy as np
import pytest
from label_maps import heart

from echodfkd.clip import Label
from echodfkd.errors import EchoError
from echodfkd.synth.masks.maps import LabelVideo
from echodfkd.synth.masks.pseudo import grey_histogram, pseudo_video, quantile_map


def video(index: int = 3) -> LabelVideo:
    map_ = heart(index)
    return LabelVideo(np.repeat(map_.classes[None], 2, 0), map_.cone, 50.0)


def histogram(seed: int = 0) -> np.ndarray:
    """Counts as of an ultrasound frame: many blacks, gaps between the greys."""
    counts = np.random.default_rng(seed).integers(0, 50, 256)
    counts[100:120], counts[0] = 0, 900
    return counts


def test_levels_of_the_paper() -> None:
    shown = video()
    picture = pseudo_video(shown)
    assert picture.dtype == np.float32
    assert picture.shape == (2, 112, 112)
    cone = np.broadcast_to(shown.cone, picture.shape)
    assert (picture[~cone] == -1).all()
    levels = {
        Label.BACKGROUND: 0,
        Label.LV: -1,
        Label.MYOCARDIUM: 1,
        Label.LA: -0.6,
        Label.RV: -1,
        Label.RA: -0.6,
    }
    for label, level in levels.items():
        here = cone & (shown.mask == label)
        assert here.any()
        assert np.allclose(picture[here], level)


def test_a_map_without_ties_gets_the_histogram_of_the_reference() -> None:
    counts = histogram()
    values = np.random.default_rng(1).permutation(int(counts.sum()))
    moved = quantile_map(values, counts)
    assert np.array_equal(np.bincount(np.rint(moved).astype(int), minlength=256), counts)


def test_the_map_is_monotone_and_keeps_equals_equal() -> None:
    values = np.random.default_rng(1).integers(0, 40, (30, 40)).astype(float)
    moved = quantile_map(values, histogram())
    order = np.argsort(values, axis=None)
    assert (np.diff(moved.ravel()[order]) >= -1e-9).all()
    assert len(np.unique(np.stack([values.ravel(), moved.ravel()]), axis=1).T) == len(np.unique(values))
    assert abs(moved.mean() - histogram() @ np.arange(256) / histogram().sum()) < 1e-6  # no grey is lost


def test_ties_go_to_the_mean_of_what_they_share() -> None:
    counts = np.zeros(256)
    counts[[10, 20, 200]] = 1, 1, 2
    assert quantile_map(np.array([0.0, 0.0, 5.0, 5.0]), counts).tolist() == [15, 15, 200, 200]


def test_greys_of_the_reference_reach_the_picture() -> None:
    shown = video()
    picture = pseudo_video(shown, histogram())
    assert picture.min() == -1
    assert picture.max() < 1
    means = [picture[0][shown.cone & (shown.mask[0] == label)].mean() for label in (1, 3, 0, 2)]
    assert means == sorted(means)
    assert means[0] < means[-1]
    one = picture[0][shown.cone & (shown.mask[0] == Label.MYOCARDIUM)]
    assert np.ptp(one) == 0


def test_the_histogram_counts_the_cone_alone() -> None:
    frames = np.zeros((3, 8, 8), np.uint8)
    frames[:, 2:4] = 7
    cone = np.zeros((8, 8), bool)
    cone[2:5] = True
    counts = grey_histogram(frames, cone)
    assert (counts.sum(), counts[7], counts[0]) == (72, 48, 24)
    assert grey_histogram(np.zeros((1, 64, 64), np.uint8)).tolist()[0] == 64 * 64  # no fan: the whole frame


@pytest.mark.parametrize("counts", [np.ones(255), np.zeros(256), -np.ones(256), np.full(256, np.nan)])
def test_a_histogram_that_is_none(counts: np.ndarray) -> None:
    with pytest.raises(EchoError, match="a grey histogram must be 256 counts"):
        quantile_map(np.arange(4.0), counts)


def test_no_cone_no_picture() -> None:
    with pytest.raises(EchoError, match="needs a cone: complete the label map first"):
        pseudo_video(LabelVideo(video().mask, None, 50.0))
