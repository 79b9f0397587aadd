import numpy as np
import pytest

from echodfkd.synth.privacy.threshold import Threshold, gap, published, upper_bound

FRESH = np.linspace(0.0, 0.4, 101, dtype=np.float32)  # 95th percentile .38
COPIES = np.linspace(0.8, 1.0, 101, dtype=np.float32)  # 5th percentile .81


def test_published_rule() -> None:
    assert published(FRESH, COPIES) == pytest.approx(0.38)


def test_gap_is_midway_and_never_misses_more_than_5_percent() -> None:
    assert gap(FRESH, COPIES) == pytest.approx(0.595)
    assert gap(np.ones(10, np.float32), COPIES) == pytest.approx(0.81)


@pytest.mark.parametrize(("rule", "rejected"), [("gap", 0.0), ("published", 6 / 101)])
def test_shares_that_are_put_up_with(rule: str, rejected: float) -> None:
    threshold = Threshold(rule, FRESH, COPIES)
    assert threshold.fresh_rejected[0] == pytest.approx(rejected)
    assert threshold.copies_missed[0] == 0
    assert threshold.fresh_rejected[0] < threshold.fresh_rejected[1] < 0.13


def test_bound_worked_out_by_hand() -> None:
    assert upper_bound(0, 59)[1] == pytest.approx(1 - 0.05 ** (1 / 59))
    assert upper_bound(0, 59)[1] < 0.05 < upper_bound(0, 58)[1]
    assert upper_bound(4, 4) == (1.0, 1.0)


def test_remarks_of_few_clips_and_of_twins() -> None:
    assert Threshold("gap", FRESH, COPIES).remarks() == []
    (few,) = Threshold("gap", FRESH[:24], COPIES).remarks()
    assert few.startswith("24 training clips are few: ")
    assert few.endswith(" no more is known than that it is below 12%")
    (twins,) = Threshold("gap", np.ones(101, np.float32), COPIES).remarks()
    assert "100% of its own clips would be rejected, 5% of altered copies missed" in twins
