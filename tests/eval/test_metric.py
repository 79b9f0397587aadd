import numpy as np
import pytest

from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.events import Matches
from echodfkd.eval.metric import Metric, defined, mean_of, number_of, ratio

NOTHING = Matches((), (), ())


def clip(*area_error: float) -> ClipScore:
    errors = np.array(area_error, np.float64)
    return ClipScore(
        "x", None, np.zeros(0), np.zeros((0, 2), np.int64), errors, NOTHING, NOTHING, np.nan, np.nan, ()
    )


METRIC = Metric(
    "error", "Error", ratio, number_of(lambda s: s.area_error), "images", "%", 1, "mean over images",
    mean_of(lambda s: s.area_error),
)  # fmt: skip


def test_a_ratio_weighs_each_image_alike() -> None:
    figure = METRIC.figure([clip(1, 2, 3), clip(10), clip(np.nan), clip()])
    assert (figure.value, figure.n, figure.of) == (4.0, 4, "images")
    assert np.isnan(ratio(np.zeros((3, 2))))


def test_the_interval_is_that_of_whole_clips() -> None:
    low, high = METRIC.figure([clip(1, 1, 1), clip(5, 5, 5)]).interval or (np.nan, np.nan)
    assert (low, high) == (1.0, 5.0)  # draws of two clips: 1, 3 or 5
    assert METRIC.figure([clip(1, 2, 3)]).interval is None


def test_figures_that_are_not_defined_are_left_out() -> None:
    assert list(defined([METRIC], [clip(), clip(np.nan)])) == []
    assert [figure.value for figure in defined([METRIC], [clip(), clip(7)])] == [pytest.approx(7)]
