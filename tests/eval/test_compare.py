import numpy as np
import pytest
from dark_cavity import DarkCavity
from scipy.stats import wilcoxon

from echodfkd.errors import EchoError
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.compare import Difference, differences, signed_rank
from echodfkd.eval.events import Matches
from echodfkd.eval.run import ModelScores

NOTHING = Matches((), (), ())
NAN = float("nan")


def judged(
    title: str, dice: list[float], ef: list[float], reference: str = "labels", first: int = 0
) -> ModelScores:
    """A model with these Dice (NaN: no masks) and these EF found, where 50 is true."""
    scores = [
        ClipScore(
            f"clip-{first + i}", None, np.array([d] if d == d else []), np.zeros((0, 2), np.int64),
            np.zeros(0), NOTHING, NOTHING, e, 50.0, (),
        )
        for i, (d, e) in enumerate(zip(dice, ef, strict=True))
    ]  # fmt: skip
    return ModelScores(DarkCavity(), reference, "", tuple(scores), (), 1.0, title=title)


def of(found: list[Difference], metric: str) -> Difference:
    return next(one for one in found if one.metric == metric)


def test_two_models_by_hand() -> None:
    a = judged("a", [0.9, 0.8, 0.9, NAN], [52.0, 47.0, NAN, 50.0])
    b = judged("b", [0.8, 0.6, 0.9, NAN], [54.0, 49.0, 50.0, 56.0])
    found = list(differences([a, b]))
    dice, ef = of(found, "dice"), of(found, "ef_error")
    assert (dice.first, dice.second, dice.reference, dice.n) == ("a", "b", "labels", 3)
    assert dice.value == pytest.approx(0.1)
    assert ef.value == pytest.approx(((2 - 4) + (3 - 1) + (0 - 6)) / 3)
    assert ef.n == 3  # the third clip lacks an EF
    low, high = dice.interval or (NAN, NAN)
    assert 0 <= low < dice.value < high < 0.201
    assert ef.p == pytest.approx(wilcoxon([-2.0, 2.0, -6.0]).pvalue)
    assert "Wilcoxon" in dice.definition


def test_identical_models_do_not_differ() -> None:
    dice, ef = [0.9, 0.7, 0.8], [52.0, 47.0, 50.0]
    for one in differences([judged("a", dice, ef), judged("b", dice, ef)]):
        assert (one.value, one.p, one.interval) == (0.0, 1.0, (0.0, 0.0))
        assert one.in_words() == "no difference shown"


def test_a_steady_gain_is_seen_and_named() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(0.7, 0.9, 20)
    better = (base + rng.uniform(0.01, 0.03, 20)).tolist()
    found = list(differences([judged("a", base.tolist(), [55.0] * 20), judged("b", better, [51.0] * 20)]))
    assert [one.in_words() for one in found] == ["b better", "b better"]  # a smaller error is better
    assert all(one.p is not None and one.p < 0.001 for one in found)
    assert of(found, "dice").value < 0 < of(found, "ef_error").value


def test_every_pair_of_one_reference() -> None:
    models = [judged(name, [0.9, 0.8], [50.0, 51.0]) for name in "abc"]
    taught = [judged(name, [0.9, 0.8], [50.0, 51.0], "teacher x") for name in "ab"]
    pairs = [(o.first, o.second, o.reference) for o in differences([*models, *taught]) if o.metric == "dice"]
    assert pairs == [
        ("a", "b", "labels"),
        ("a", "c", "labels"),
        ("b", "c", "labels"),
        ("a", "b", "teacher x"),
    ]


def test_one_clip_has_neither_interval_nor_test() -> None:
    (dice, ef) = differences([judged("a", [0.9], [50.0]), judged("b", [0.8], [55.0])])
    assert (dice.interval, dice.p, ef.p) == (None, None, None)
    assert signed_rank(np.array([0.5])) is None


def test_other_clips_cannot_be_compared() -> None:
    with pytest.raises(EchoError, match="a and b were not judged on the same clips"):
        list(differences([judged("a", [0.9], [50.0]), judged("b", [0.8], [55.0], first=7)]))
