import numpy as np
import pytest

from echodfkd.beats import Events
from echodfkd.errors import EchoError
from echodfkd.eval.events import (
    Matches,
    evaluate,
    f1,
    half_cycle,
    match_clip,
    match_events,
    mean_error_frames,
)


def test_pairs_misses_and_false_ones():
    matches = match_events([10, 33, 90], [12, 60, 88], 20)
    assert matches.pairs == ((10, 12), (90, 88))
    assert matches.misses == (60,)
    assert matches.false == (33,)


def test_tolerance_is_inclusive():
    assert match_events([10], [15], 5).pairs == ((10, 15),)
    assert match_events([10], [15], 4.9).pairs == ()


def test_one_true_event_is_matched_once():
    matches = match_events([49, 50, 51], [50], 10)
    assert matches.pairs == ((50, 50),)
    assert matches.false == (49, 51)


def test_as_many_pairs_as_possible_before_the_nearest():
    assert match_events([10, 20], [19, 29], 10).pairs == ((10, 19), (20, 29))


@pytest.mark.parametrize(("found", "true"), [([], []), ([], [5]), ([5], [])])
def test_empty_sides(found, true):
    matches = match_events(found, true, 10)
    assert (matches.pairs, matches.misses, matches.false) == ((), tuple(true), tuple(found))


def test_infinite_tolerance():
    assert match_events([0], [900], float("inf")).pairs == ((0, 900),)


def test_half_cycle_comes_from_the_first_that_has_one():
    assert half_cycle(Events((10, 60), (30, 80))) == 25
    assert half_cycle(Events((10,), (30,)), Events((10, 50), ())) == 20


def test_half_a_beat_has_a_bound_too():
    """Half of its way from ED to ES: what lies nearer to the other event is no match."""
    assert half_cycle(Events((10,), (30,))) == 10
    assert half_cycle(Events((0,), ()), Events((2,), (10,))) == 4
    assert half_cycle(Events((0,), ())) == half_cycle(Events()) == float("inf")
    ed, es = match_clip(Events((11,), (14,)), Events((0,), (14,)))
    assert (ed.pairs, ed.misses, ed.false) == ((), (0,), (11,))
    assert es.pairs == ((14, 14),)
    assert match_clip(Events((7,), (14,)), Events((0,), (14,)))[0].pairs == ((7, 0),)


def test_one_marked_beat_makes_no_other_beat_false():
    found, true = Events((10, 60, 110), (30, 80, 130)), Events((62,), (79,))
    ed, es = match_clip(found, true, 50.0, one_beat_marked=True)
    assert ed == Matches(((60, 62),), (), (), 50.0)
    assert es.pairs == ((80, 79),)
    assert match_clip(found, true)[0].false == (10, 110)


def test_figures_are_pooled_over_events():
    first, second = Matches(((10, 12), (50, 50)), (90,), (), 50.0), Matches(((5, 9),), (), (20, 30), 100.0)
    figures = dict(evaluate([first, second], "ed"))
    assert figures["ed_error_frames"] == pytest.approx(2)
    assert figures["ed_error_ms"] == pytest.approx((40 + 0 + 40) / 3)
    assert figures["ed_f1"] == pytest.approx(6 / 9)
    assert [figures[f"ed_{name}"] for name in ("matched", "missed", "false")] == [3, 1, 2]


def test_without_any_event():
    nothing = Matches((), (), ())
    assert np.isnan(mean_error_frames([nothing]))
    assert np.isnan(f1([nothing]))
    assert f1([Matches((), (4,), ())]) == 0


def test_ms_need_a_frame_rate():
    assert np.isnan(dict(evaluate([Matches(((1, 2),), (), ())], "es"))["es_error_ms"])


@pytest.mark.parametrize("tolerance", [-1, float("nan")])
def test_bad_tolerance(tolerance):
    with pytest.raises(EchoError, match="tolerance must be 0 frames or more"):
        match_events([1], [1], tolerance)
