import numpy as np
import pytest

from echodfkd.eval.events import Matches
from echodfkd.eval.figures import METRICS, Figure, figures
from echodfkd.eval.score import ClipScore

NAN = float("nan")


def score(
    dice: list[float],
    counts: list[list[int]],
    area_error: list[float],
    ed: Matches,
    ef: tuple[float, float] = (NAN, NAN),
) -> ClipScore:
    nothing = Matches((), (), (), ed.fps)
    return ClipScore(
        "x", ed.fps, np.array(dice), np.array(counts), np.array(area_error), ed, nothing, *ef, warnings=()
    )


FIRST = score([1.0, 0.5], [[4, 8], [2, 8]], [10.0, 20.0], Matches(((10, 8),), (30,), (), 25.0), (50.0, 40.0))
SECOND = score([0.0, 0.2, 1.0], [[0, 4], [1, 10], [5, 10]], [30.0], Matches((), (), (), 25.0), (60.0, 60.0))


def by_name(*scores: ClipScore) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures(scores)}


def test_two_clips_by_hand() -> None:
    found = by_name(FIRST, SECOND)
    expected = {
        "dice": 2.7 / 5,  # over images
        "dice_clip": (0.75 + 0.4) / 2,
        "iou": (4 / 4 + 2 / 6 + 0 + 1 / 9 + 5 / 5) / 5,
        "iou_clip": ((1 + 1 / 3) / 2 + (0 + 1 / 9 + 1) / 3) / 2,
        "iou_pooled": 12 / (40 - 12),
        "dice_worst_clip": 0.4,  # means 0.75 and 0.4
        "dice_pooled": 2 * 12 / 40,
        "area_error": 20.0,
        "ed_error_frames": 2.0,
        "ed_error_ms": 80.0,  # 2 frames of 40 ms
        "ed_f1": 2 / 3,  # one pair, one miss
        "ed_missed": 1,
        "ed_false": 0,
        "ef_mae": 5.0,
        "ef_rmse": 50**0.5,  # errors 10 and 0
        "ef_bias": 5.0,
        "ef_loa_low": 5 - 1.96 * 50**0.5,
        "ef_loa_high": 5 + 1.96 * 50**0.5,
        "ef_r2": 1 - 50 / 100,
        "ef_pearson": 1.0,
        "ef_slope": 0.5,  # 50..60 found for 40..60
    }
    assert {name: figure.value for name, figure in found.items()} == pytest.approx(expected)


def test_each_figure_says_what_it_rests_on() -> None:
    found = by_name(FIRST, SECOND)
    counted = {name: (figure.n, figure.of) for name, figure in found.items()}
    assert counted["dice"] == counted["dice_pooled"] == (5, "images")
    assert counted["dice_worst_clip"] == (2, "clips")
    assert counted["ed_error_frames"] == (1, "events")
    assert counted["ef_mae"] == (2, "clips")
    assert (found["ed_error_ms"].unit, found["area_error"].unit) == ("ms", "%")


def test_intervals_are_bootstrapped_over_clips() -> None:
    found = by_name(FIRST, SECOND)
    assert found["ef_bias"].interval == (0.0, 10.0)  # draws of biases 10 and 0: 0, 5 or 10
    assert found["dice_worst_clip"].interval == pytest.approx((0.4, 0.75))
    assert found["ed_error_frames"].interval == (2.0, 2.0)  # draws without the first clip have no error


def test_one_clip_has_no_interval() -> None:
    found = by_name(FIRST)
    assert found["dice"].value == 0.75
    assert all(figure.interval is None for figure in found.values())


def test_what_is_not_defined_is_left_out() -> None:
    blind = score([1.0], [[4, 8]], [0.0], Matches((), (), ()), (55.0, NAN))
    overlaps = {f"{name}{kind}" for name in ("dice", "iou") for kind in ("", "_clip", "_pooled")}
    assert set(by_name(blind)) == {*overlaps, "dice_worst_clip", "area_error"}


def test_an_ef_that_one_side_lacks_does_not_count() -> None:
    blind = score([1.0], [[4, 8]], [0.0], Matches((), (), ()), (NAN, 55.0))
    mae = by_name(FIRST, blind)["ef_mae"]
    assert (mae.value, mae.n) == (10.0, 1)


def test_every_metric_has_a_name_of_its_own_and_a_definition() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(len(metric.definition) > 10 and metric.title for metric in METRICS)
