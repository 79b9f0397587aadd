import numpy as np
import pytest

from echodfkd.eval.events import Matches
from echodfkd.eval.figures import Figure
from echodfkd.eval.real import NOTHING, RealScore
from echodfkd.eval.real_figures import ef_figures_of, mask_figures


def judged(
    found: float = np.nan, true: float = np.nan, dice: tuple[float, ...] = (), **more: float
) -> RealScore:
    counts = np.zeros((len(dice), 2), np.int64)
    events = Matches(((10, 12),), (), (40,), 50.0) if dice else NOTHING
    return RealScore(
        "clip", 50.0, np.array(dice), counts, np.array(dice), events, events, found, true, (), **more
    )


def named(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def test_ef_by_hand() -> None:
    pairs = [(62, 60), (44, 52), (45, 40), (40, 30), (np.nan, 70)]
    found = named(ef_figures_of([judged(*pair) for pair in pairs]))
    assert found["ef_mae"].value == pytest.approx((2 + 8 + 5 + 10) / 4)
    assert found["ef_bias"].value == pytest.approx((2 - 8 + 5 + 10) / 4)
    assert (
        found["ef_auroc"].value == 3 / 4
    )  # of the 4 pairs of a kept and a reduced EF, 44 against 45 is wrong
    assert found["ef_missing"].value == 1 / 5
    assert found["ef_pearson"].value == pytest.approx(np.corrcoef([62, 44, 45, 40], [60, 52, 40, 30])[0, 1])
    assert found["ef_slope"].value == pytest.approx(np.polyfit([60, 52, 40, 30], [62, 44, 45, 40], 1)[0])
    assert found["ef_mae"].n == 4
    low, high = found["ef_mae"].interval or (np.nan, np.nan)
    assert 2 <= low < found["ef_mae"].value < high <= 10


def test_auroc_needs_both_kinds() -> None:
    assert np.isnan(named(ef_figures_of([judged(60, 70), judged(50, 55)]))["ef_auroc"].value)


def test_without_any_ef_found_only_the_share_is_known() -> None:
    found = named(ef_figures_of([judged(np.nan, 70)] * 3))
    assert found.pop("ef_missing").value == 1
    assert np.isnan([figure.value for figure in found.values()]).all()


def test_a_relation_of_one_clip_drawn_thrice_is_none() -> None:
    assert np.isnan(named(ef_figures_of([judged(43.1, 70.7)] * 3))["ef_pearson"].value)


def test_masks_by_hand() -> None:
    scores = [
        judged(dice=(0.9, 0.7), area_correlation=0.9, area_ratio=1.2),
        judged(dice=(0.5, 0.6, 0.7), area_correlation=np.nan, area_ratio=0.8),
        judged(found=50, true=50),
    ]
    found = named(mask_figures(scores))
    assert found["dice_clip"].value == pytest.approx(0.7)
    assert found["dice_worst_clip"].value == pytest.approx(0.6)
    assert found["dice_worst_frame"].value == 0.5
    assert (found["area_correlation"].value, found["area_correlation"].n) == (0.9, 1)
    assert found["area_ratio"].value == pytest.approx(1.0)
    assert (found["ed_error_frames"].value, found["ed_error_ms"].value) == (2, 40)
    assert found["es_f1"].value == pytest.approx(2 / 3)


def test_two_clips_are_too_few_for_an_interval() -> None:
    two, three = (named(mask_figures([judged(dice=(0.9, 0.8))] * n)) for n in (2, 3))
    assert two["dice_clip"].interval is None
    assert three["dice_clip"].interval == pytest.approx((0.85, 0.85))


def test_no_clips_no_figures() -> None:
    assert mask_figures([judged(50, 60)]) == []
    assert ef_figures_of([judged(dice=(1.0,))]) == []
