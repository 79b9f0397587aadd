import numpy as np
import pytest

from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.ef import evaluate
from echodfkd.eval.ef_metrics import WORDS, ef_metrics
from echodfkd.eval.events import Matches
from echodfkd.eval.metric import Figure, defined

NOTHING = Matches((), (), ())
NAN = float("nan")


def clip(found: float, true: float, beats: list[tuple[float, float]]) -> ClipScore:
    return ClipScore(
        "x", None, np.zeros(0), np.zeros((0, 2), np.int64), np.zeros(0), NOTHING, NOTHING, found, true, (),
        beat_ef=np.array(beats, np.float64).reshape(-1, 2),
    )  # fmt: skip


SCORES = [
    clip(50, 55, [(48, 50), (52, 60)]),
    clip(30, 28, []),
    clip(NAN, 70, [(61, 70)]),
    clip(44, 52, [(44, 52)]),
]


def by_name(scores: list[ClipScore]) -> dict[str, Figure]:
    return {figure.name: figure for figure in defined(tuple(ef_metrics()), scores)}


def test_per_clip_and_per_beat_are_the_plain_statistics() -> None:
    found = by_name(SCORES)
    of_clips = dict(evaluate([50, 30, 44], [55, 28, 52]))
    of_beats = dict(evaluate([48, 52, 61, 44], [50, 60, 70, 52]))
    assert of_clips["bias"] == pytest.approx(-11 / 3)
    assert of_beats["mae"] == pytest.approx((2 + 8 + 9 + 8) / 4)
    for name in WORDS:
        assert found[f"ef_{name}"].value == pytest.approx(of_clips[name])
        assert found[f"beat_ef_{name}"].value == pytest.approx(of_beats[name])
    assert (found["ef_mae"].n, found["beat_ef_mae"].n) == (3, 4)
    assert (found["ef_mae"].of, found["beat_ef_mae"].of) == ("clips", "beats")


def test_beats_are_drawn_with_their_clip() -> None:
    """Two clips, one of them with two equal errors: the mean of a draw is 2, 6 or (2 + 2 + 6) / 3."""
    scores = [clip(NAN, NAN, [(52, 50), (62, 60)]), clip(NAN, NAN, [(46, 40)])]
    assert by_name(scores)["beat_ef_mae"].value == pytest.approx(10 / 3)
    assert by_name(scores)["beat_ef_mae"].interval == pytest.approx((2, 6))


def test_nothing_known_no_figure() -> None:
    assert by_name([clip(NAN, 50, []), clip(40, NAN, [])]) == {}
    alone = by_name([clip(40, 50, [])])
    assert alone["ef_mae"].value == 10
    assert not {"ef_pearson", "ef_slope", "ef_r2", "ef_loa_low"} & set(alone)
