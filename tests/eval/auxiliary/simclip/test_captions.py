import numpy as np
import pytest

from echodfkd.eval.auxiliary.simclip.captions import (
    GROUPS,
    PERCENT,
    between,
    fit,
    one_of,
    shown,
    shown_alone,
)

VALUES = np.array([float(value) for value in PERCENT])


@pytest.mark.parametrize("spread", [0.0, 5.0])
def test_the_mean_of_a_soft_label_is_the_value(spread: float) -> None:
    rows = between([37.0, 62.5, np.nan], spread)
    assert rows.sum(1) == pytest.approx([1, 1, 0])
    assert rows[:2] @ VALUES == pytest.approx([37, 62.5], abs=0.2)
    assert (rows[0] > 1e-3).sum() == (2 if spread == 0 else 7)


def test_what_is_unknown_has_no_label() -> None:
    assert one_of([2, -1], 3).tolist() == [[0, 0, 1], [0, 0, 0]]


def test_templates_take_turns() -> None:
    group = GROUPS["overlap"]
    assert group.texts(0)[19] == "mask overlap 95"
    assert group.texts(3)[19] == "overlap 95%"


def test_words_for_what_is_seen() -> None:
    texts = GROUPS["shown"].fill
    assert [texts[shown(lv, wall)] for lv, wall in [(1, 1), (0.2, 1), (0, 0.9), (0, 0.3)]] == [
        "left ventricle",
        "part of left ventricle",
        "wall",
        "nothing",
    ]
    assert [texts[shown_alone(lv, wall)] for lv, wall in [(0.95, 0), (0.6, 0.3), (0.1, 0.8), (0, 0)]] == [
        "left ventricle",
        "part of left ventricle",
        "wall",
        "nothing",
    ]
    assert [GROUPS["fit"].fill[fit(found, 100)] for found in (50, 100, 150)] == [
        "too small",
        "fits",
        "too large",
    ]
