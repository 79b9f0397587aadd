import numpy as np
import pytest

from echodfkd.errors import EchoError, UsageError
from echodfkd.labels import SCHEMES, detect_scheme, fitting_schemes, to_ours

# 0 outside, 1 LV, 2 wall round it, 3 atrium below it, as drawn by the schemes that agree with ours
HEART = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 2, 2, 2, 2, 0],
        [0, 2, 1, 1, 2, 0],
        [0, 2, 1, 1, 2, 0],
        [0, 2, 1, 1, 2, 0],
        [0, 0, 3, 3, 0, 0],
        [0, 0, 3, 3, 0, 0],
    ],
    np.uint8,
)
EDMLX = np.where(HEART > 1, HEART + 1, np.where(HEART == 0, 2, 1)).astype(np.uint8)
EDMLX[0] = 0  # outside the cone


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        (HEART == 1, "lv"),
        ((HEART == 1).astype(np.uint8), "lv"),
        ((HEART == 1).astype(np.uint8) * 255, "lv"),
        (HEART, "camus"),
        (HEART.astype(np.int64), "camus"),
        (HEART * 85, "diffecho"),
        (np.where(HEART == 3, 5, HEART), "echodfkd"),
        (EDMLX, "edmlx"),
        (np.where(EDMLX == 4, 2, EDMLX), "edmlx"),  # 0..3 alone: the LV borders 3, not 2
        (np.stack([EDMLX, EDMLX]), "edmlx"),
        (np.where(HEART == 0, 4, HEART), "echodfkd"),  # 0..4 alone: the LV borders 2, not 3
    ],
)
def test_schemes_are_told_apart(labels: np.ndarray, scheme: str) -> None:
    assert detect_scheme(labels) == scheme


def test_every_scheme_becomes_ours() -> None:
    assert to_ours(HEART, "camus").tolist() == HEART.tolist() == to_ours(HEART * 85, "diffecho").tolist()
    assert to_ours(EDMLX, "edmlx").tolist() == HEART.tolist()
    assert to_ours((HEART == 1) * np.uint8(255), "lv").tolist() == (HEART == 1).astype(int).tolist()
    ours = np.arange(6, dtype=np.int32)
    assert to_ours(ours, "echodfkd").tolist() == [0, 1, 2, 3, 4, 5]
    assert to_ours(ours, "echodfkd").dtype == np.uint8


def test_where_several_fit_they_say_the_same_or_edmlx_is_among_them() -> None:
    assert fitting_schemes(HEART) == ["camus", "echodfkd", "edmlx"]
    for labels in (HEART, HEART == 1, HEART * (HEART < 3)):
        read = {to_ours(labels, name).tobytes() for name in fitting_schemes(labels) if name != "edmlx"}
        assert len(read) == 1


def test_an_explicit_scheme_wins() -> None:
    assert detect_scheme(HEART) != "edmlx"
    assert to_ours(HEART, "edmlx")[1].tolist() == [0, 0, 0, 0, 0, 0]


def test_what_is_unknown_is_named() -> None:
    with pytest.raises(EchoError, match=r"unknown labels 0, 7, 9; known are: lv \(0, 1, 255\); camus \(0,"):
        detect_scheme(np.array([[0, 7, 9]], np.uint8))
    with pytest.raises(EchoError, match="unknown labels 4: label scheme 'camus' has 0, 1, 2, 3"):
        to_ours(np.array([[0, 4]], np.uint8), "camus")
    with pytest.raises(EchoError, match="unknown labels -1, 300"):
        detect_scheme(np.array([[-1, 300]], np.int16))
    with pytest.raises(UsageError, match="unknown label scheme 'mine'; choose from: camus, diffecho"):
        to_ours(HEART, "mine")
    with pytest.raises(EchoError, match="labels must be whole numbers, got float64"):
        detect_scheme(HEART / 2)


def test_the_table_maps_into_our_classes_and_background_to_background() -> None:
    for scheme in SCHEMES.values():
        assert scheme.classes[0] == 0
        assert 1 in {int(label) for label in scheme.classes.values()}
