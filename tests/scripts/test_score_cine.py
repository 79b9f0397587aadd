import cv2
import numpy as np
import pytest
from score_cine import MARKS, contour, distances, main, picture

APEX, SEPTAL, LATERAL = (50, 20), (35, 80), (65, 80)
MARKED = np.array([APEX, SEPTAL, LATERAL, (35, 50), (65, 50)], float)


def box(left: int = 35, top: int = 20, right: int = 65, bottom: int = 80) -> np.ndarray:
    mask = np.zeros((100, 100), np.uint8)
    cv2.rectangle(mask, (left, top), (right, bottom), 1, -1)
    return mask.astype(bool)


def test_a_contour_through_all_landmarks() -> None:
    assert distances(box(), MARKED) == pytest.approx(0)


def test_a_contour_that_ends_below_the_apex_misses_it_by_its_share_of_the_length() -> None:
    away = distances(box(top=26), MARKED)
    assert away[0] == pytest.approx(10)
    assert away[1:] == pytest.approx(0)


def test_no_contour_is_infinitely_far() -> None:
    assert np.isinf(distances(np.zeros((100, 100), bool), MARKED)).all()


def test_only_the_largest_piece_counts() -> None:
    mask = box()
    mask[2:5, 2:5] = True
    assert contour(mask).min() >= 20


def test_every_frame_is_pictured() -> None:
    frames = np.zeros((7, 240, 320), np.uint8)
    drawn = picture(frames, np.zeros((7, 240, 320), bool), {2: MARKED})
    assert drawn.shape == (2 * 370, 6 * 320, 3)


def test_one_line_for_an_unknown_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "nonesuch"]) == 2
    assert "nonesuch" in capsys.readouterr().err
    assert MARKS.is_file()
