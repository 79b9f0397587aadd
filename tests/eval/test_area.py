import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.eval.area import area_correlation, area_ratio


def test_by_hand() -> None:
    # deviations (-1, 0, 1) and (-2, 1, 1): 3 / sqrt(2 * 6)
    assert area_correlation([1, 2, 3], [10, 13, 13]) == pytest.approx(3 / np.sqrt(12))
    assert area_ratio([10, 20, 30], [10, 10, 20]) == pytest.approx(1.5)


def test_correlation_knows_no_size_and_the_ratio_no_course() -> None:
    curve = np.array([100.0, 80, 60, 90])
    assert area_correlation(1.3 * curve + 20, curve) == pytest.approx(1)
    assert area_correlation(-curve, curve) == pytest.approx(-1)
    assert area_ratio(curve[::-1], curve) == pytest.approx(1)


def test_undefined_is_nan() -> None:
    assert np.isnan(area_correlation([5, 5, 5], [1, 2, 3]))
    assert np.isnan(area_correlation([1, 2, 3], [0, 0, 0]))
    assert np.isnan(area_ratio([1, 2], [0, 0]))


@pytest.mark.parametrize("curves", [([1, 2], [1]), ([], []), ([[1, 2]], [[1, 2]])])
def test_curves_of_different_clips_are_refused(curves: tuple[list, list]) -> None:
    for figure in (area_correlation, area_ratio):
        with pytest.raises(EchoError, match="of one length"):
            figure(*curves)
