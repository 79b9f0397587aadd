"""Which images each figure is over, and what an empty mask does to it, by hand."""

import numpy as np
import pytest

from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.events import Matches
from echodfkd.eval.label_metrics import label_metrics
from echodfkd.eval.metric import Figure, defined

NOTHING = Matches((), (), ())
NAN = float("nan")


def clip(
    dice: list[float], distances: list[float], ed: tuple[int, ...], es: tuple[int, ...], *, in_mm: bool = True
) -> ClipScore:
    """Every mask has 10 pixels, so that 10 * Dice are common; HD95 is twice the ASSD given."""
    counts = np.array([[round(10 * d), 20] for d in dice], np.int64).reshape(-1, 2)
    both = np.array([[2 * d, d] for d in distances]).reshape(-1, 2)
    return ClipScore(
        "x", None, np.array(dice), counts, np.zeros(0), NOTHING, NOTHING, NAN, NAN, (),
        distances=both, in_mm=in_mm, at_ed=ed, at_es=es,
    )  # fmt: skip


def by_name(*scores: ClipScore) -> dict[str, Figure]:
    return {figure.name: figure for figure in defined(tuple(label_metrics()), scores)}


FIRST = clip([1.0, 0.5, 0.0, 0.2], [0.0, 2.0, NAN, 6.0], (0,), (3,))
SECOND = clip([0.6, 0.8], [3.0, 1.0], (1,), (0,))


def test_all_frames_ed_and_es() -> None:
    found = by_name(FIRST, SECOND)
    dice = [found[f"dice{on}"].value for on in ("", "_ed", "_es")]
    assert dice == pytest.approx([3.1 / 6, (1.0 + 0.8) / 2, (0.2 + 0.6) / 2])
    assert [found[f"dice{on}"].n for on in ("", "_ed", "_es")] == [6, 2, 2]
    clips = [found[f"dice_clip{on}"].value for on in ("", "_ed", "_es")]
    assert clips == pytest.approx([(1.7 / 4 + 0.7) / 2, 0.9, 0.4])
    assert found["dice_pooled_ed"].value == pytest.approx(2 * 18 / 40)
    assert found["iou_pooled_ed"].value == pytest.approx(18 / (40 - 18))
    assert found["iou_es"].value == pytest.approx((2 / 18 + 6 / 14) / 2)


def test_distances_leave_images_with_one_empty_mask_out_and_count_them() -> None:
    found = by_name(FIRST, SECOND)
    assert found["assd_mm"].value == pytest.approx((0 + 2 + 6 + 3 + 1) / 5)
    assert found["hd95_mm"].value == pytest.approx(2 * 12 / 5)
    assert (found["hd95_mm"].n, found["hd95_mm"].unit) == (5, "mm")
    assert (found["one_empty"].value, found["one_empty"].n) == (1, 6)
    assert (found["assd_mm_es"].value, found["assd_mm_ed"].value) == ((6 + 3) / 2, (0 + 1) / 2)


def test_mm_and_pixels_are_never_mixed() -> None:
    found = by_name(FIRST, clip([0.6, 0.8], [3.0, 1.0], (), (), in_mm=False))
    assert found["assd_mm"].value == pytest.approx(8 / 3)
    assert (found["assd_pixels"].value, found["assd_pixels"].n) == (2.0, 2)
    assert "pixel spacing is unknown" in found["assd_pixels"].definition
    assert "assd_pixels_ed" not in found  # nobody marked an ED in that clip


def test_clips_without_masks_have_no_share() -> None:
    bare = clip([], [], (), ())
    assert by_name(bare) == {}
    found, alone = by_name(SECOND, bare), by_name(SECOND)
    assert found["dice_clip"].value == alone["dice_clip"].value == pytest.approx(0.7)
    assert (found["dice_clip"].n, found["dice_worst_clip"].n) == (1, 1)


def test_empty_everywhere_agrees() -> None:
    counts, ones = np.zeros((2, 2), np.int64), np.ones(2)
    score = ClipScore("x", None, ones, counts, np.zeros(0), NOTHING, NOTHING, NAN, NAN, (), in_mm=True,
                      distances=np.zeros((2, 2)))  # fmt: skip
    values = {name: figure.value for name, figure in by_name(score).items()}
    assert values["dice"] == values["dice_pooled"] == values["iou"] == values["iou_pooled"] == 1
    assert values["hd95_mm"] == values["assd_mm"] == values["one_empty"] == 0
