import cv2
import numpy as np
import numpy.typing as npt
import pytest
from dark_cavity import beating
from text_image import Tissues

from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.mask_score import (
    dilated,
    evenly_spread,
    mask_scores,
    moved_by,
    oversized,
    words,
)
from echodfkd.eval.auxiliary.scores import Questions

VIDEO, TRUE = beating(12)
MODEL = Tissues()
QUESTIONS = Questions(MODEL)
FULL = np.ones_like(TRUE)


def score(masks: npt.NDArray[np.bool_], name: str = "mask_score", published: bool = False) -> float:
    prob = np.where(masks, np.uint8(200), np.uint8(100))  # above and below 127
    return dict(mask_scores(MODEL, QUESTIONS, VIDEO, prob, published))[name]


def grown(steps: int) -> npt.NDArray[np.bool_]:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(steps) + 1,) * 2)
    how = cv2.dilate if steps > 0 else cv2.erode
    return np.stack([how(mask.astype(np.uint8), kernel) > 0 for mask in TRUE])


def test_the_right_mask_is_best() -> None:
    right = score(TRUE)
    assert right > 0.2
    for worse in (grown(6), grown(10), grown(-6), np.roll(TRUE, 14, axis=2), np.roll(TRUE, 20, axis=1)):
        assert score(worse) < right - 0.01
    assert score(grown(10)) < score(grown(6))
    assert score(np.roll(TRUE, 28, axis=2)) < score(np.roll(TRUE, 14, axis=2))


def test_empty_and_full_masks_have_no_score() -> None:
    assert score(np.zeros_like(TRUE)) == score(FULL) == 0.0
    assert score(TRUE, "mask_score_null") == 0.0
    half = TRUE.copy()
    half[evenly_spread(12)[::2]] = False  # a frame without a mask counts 0
    assert score(half) == pytest.approx(score(TRUE) / 2, rel=0.2)


def test_the_published_form_has_its_faults() -> None:
    """Too large a mask is better, the dilation changes nothing, and the null mask has a score."""
    right = score(TRUE, published=True)
    assert score(grown(10), published=True) > score(grown(6), published=True) > right
    assert score(TRUE, "mask_score_oversized", published=True) > score(
        TRUE, "mask_score_null", published=True
    )
    assert score(TRUE, "mask_score_null", published=True) != 0.0
    seen = MODEL.embed_frames(np.where(TRUE, 0, VIDEO).astype(np.uint8)).astype(np.float64)
    by_hand = (seen[:, 1] + seen[:, 2] - seen[:, 0]).mean()  # wall + nothing - left ventricle, no dilation
    assert right == pytest.approx(by_hand, abs=1e-5)


def test_the_oversized_control_is_worse_where_it_is_punished() -> None:
    assert score(TRUE, "mask_score_oversized") < score(TRUE) - 0.01
    growth = oversized(TRUE).sum() / TRUE.sum()
    assert 1.7 < growth < 2.8


def test_dilation_and_moves() -> None:
    dot = np.zeros((1, 112, 112), bool)
    dot[0, 50, 50] = True
    wide = dilated(dot)
    assert wide.sum() == 25
    assert wide[0, 48:53, 48:53].all()
    assert dilated(np.kron(dot, np.ones((1, 2, 2), bool))).sum() == 10 * 10  # 9x9 on 224 pixels
    assert np.argwhere(moved_by(dot, (0.375, -0.25)))[0].tolist() == [0, 92, 22]


def test_frames_are_spread_over_the_clip() -> None:
    assert evenly_spread(100).tolist() == [0, 14, 28, 42, 57, 71, 85, 99]
    assert evenly_spread(3).tolist() == [0, 1, 2]
    assert evenly_spread(1).tolist() == [0]


def test_masks_of_another_size_are_refused() -> None:
    with pytest.raises(
        EchoError, match=r"masks of \(12, 64, 64\) do not belong to frames of \(12, 112, 112\)"
    ):
        list(mask_scores(MODEL, QUESTIONS, VIDEO, np.zeros((12, 64, 64), np.uint8)))


def test_each_score_has_words() -> None:
    for published in (True, False):
        names = [name for name, _ in mask_scores(MODEL, QUESTIONS, VIDEO, VIDEO, published)]
        assert list(words(published)) == names
    assert "as published" in words(True)["mask_score"].definition
    assert "corrected" in words(False)["mask_score"].definition
