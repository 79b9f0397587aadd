"""Events by a head's heats: heats are drawn around known events, the area says what it will."""

import numpy as np
import pytest

from echodfkd.beats import Events, detect_events, pair_beats
from echodfkd.beats_head import alternating, detect_events_with_head
from echodfkd.errors import EchoError
from echodfkd.turns import Turn


def heat(frames: int, fps: float, *at: float, top: float = 0.95) -> np.ndarray:
    """Highest at events in s, with the spread that a head learns, at least that of one frame."""
    away = np.abs(np.arange(frames)[:, None] / fps - np.array(at)).min(1)
    return np.asarray(top * np.exp(-0.5 * (away / max(0.04, 0.5 / fps)) ** 2))


def beating(frames: int, fps: float, period: float = 0.9, first: float = 0.0) -> np.ndarray:
    """Area with ED at first, first + period, ... s, and ES .4 of the period later."""
    phase = ((np.arange(frames) / fps - first) / period) % 1
    fall, rise = phase / 0.4, (phase - 0.4) / 0.6
    return np.asarray(
        1000 - 400 * np.where(phase < 0.4, 1 - np.cos(np.pi * fall), 1 + np.cos(np.pi * rise)) / 2
    )


@pytest.mark.parametrize(("fps", "frames"), [(8.0, 16), (30.0, 64), (50.0, 128), (90.0, 200)])
def test_every_event_is_found_at_every_rate(fps: float, frames: int) -> None:
    ed, es = np.array([0.25, 1.15, 2.05]), np.array([0.61, 1.51, 2.41])
    ed, es = (at[at < (frames - 1) / fps] for at in (ed, es))
    heats = heat(frames, fps, *ed), heat(frames, fps, *es)
    found = detect_events_with_head(beating(frames, fps, first=0.25), *heats, fps)
    assert len(found.ed) == len(ed)
    assert len(found.es) == len(es)
    assert np.abs(np.array(found.ed) - ed * fps).max() <= 0.51
    assert np.abs(np.array(found.es) - es * fps).max() <= max(1, 0.02 * fps)


def plateau_curve() -> np.ndarray:
    """Three beats of 40 frames: 12 of contraction, 10 of filling, then a plateau that sags a little."""
    beat = np.concatenate([np.linspace(1, 0.6, 12), np.linspace(0.6, 1, 10), np.linspace(1, 0.985, 18)])
    return np.tile(beat, 3)


def test_an_ed_stands_where_the_head_sees_it() -> None:
    curve = plateau_curve()
    curve[27:36] *= 1 - 0.32 * np.hanning(9)  # a mask that shrinks for a moment on the plateau
    assert detect_events(curve, 50.0).ed[0] == 24
    found = detect_events_with_head(curve, heat(120, 50, 0.8, 1.6), heat(120, 50, 0.22, 1.02, 1.82), 50.0)
    assert found.ed == (40, 80)
    assert np.abs(np.subtract(found.es, (11, 51, 91))).max() <= 1


def test_an_es_stands_on_the_smallest_area_near_to_where_the_head_sees_it() -> None:
    curve = beating(100, 50.0, period=2.0)  # ED at 0, ES at frame 40
    ed = heat(100, 50, 0.0)
    assert detect_events_with_head(curve, ed, heat(100, 50, 0.74), 50.0).es == (40,)  # 3 frames before
    assert detect_events_with_head(curve, ed, heat(100, 50, 0.6), 50.0).es == (34,)  # no farther than 80 ms


def test_an_es_does_not_move_to_an_end_of_the_clip() -> None:
    """There its beat would count as incomplete."""
    curve = np.concatenate([np.linspace(0.9, 1, 6), np.linspace(1, 0.6, 16)])
    found = detect_events_with_head(curve, heat(22, 50, 0.12), heat(22, 50, 0.38), 50.0)
    assert found.es == (20,)
    assert [beat.complete for beat in pair_beats(found, 22)] == [True]


@pytest.mark.parametrize("fps", [8.0, 50.0])
def test_half_a_beat_has_its_events_at_the_ends(fps: float) -> None:
    frames = round(0.45 * fps) + 1
    last = (frames - 1) / fps
    fall = 800 + 200 * np.cos(np.linspace(0, np.pi, frames))
    first, end = heat(frames, fps, 0.0), heat(frames, fps, last)
    assert detect_events_with_head(fall, first, end, fps) == Events((0,), (frames - 1,))
    assert detect_events_with_head(fall[::-1], end, first, fps) == Events((frames - 1,), (0,))


def test_beyond_the_events_of_the_area_the_head_is_not_followed() -> None:
    curve, ed = beating(60, 50.0, first=0.22), heat(60, 50, 0.22, 1.12)
    es = np.maximum(heat(60, 50, 0.58), np.roll(heat(60, 50, 0.0), 1))
    assert detect_events(curve, 50.0) == Events((11, 56), (29,))
    assert detect_events_with_head(curve, ed, es, 50.0) == Events((11, 56), (29,))


def test_an_event_of_the_area_at_the_end_counts_where_the_head_sees_a_trace_of_it() -> None:
    curve, ed = beating(60, 50.0, first=0.22), heat(60, 50, 0.22)
    for top, count in ((0.1, 1), (0.3, 2)):
        late = np.maximum(ed, heat(60, 50, 1.12, top=top))
        assert len(detect_events_with_head(curve, late, heat(60, 50, 0.58), 50.0).ed) == count


def test_an_event_on_the_first_frame_counts_only_in_half_a_beat() -> None:
    curve, ed = beating(60, 50.0, first=0.22), heat(60, 50, 0.22, 1.12)
    es = np.maximum(heat(60, 50, 0.58), heat(60, 50, 0.0))
    assert 0 not in detect_events_with_head(curve, ed, es, 50.0).es


def test_without_a_pair_of_the_head_the_area_decides() -> None:
    curve = beating(128, 50.0, first=0.2)
    alone = detect_events(curve, 50.0)
    assert len(alone.ed) == 3
    nothing, low = np.zeros(128), heat(128, 50, 0.2, 1.1, 2.0, top=0.15)
    assert detect_events_with_head(curve, nothing, nothing, 50.0) == alone
    assert detect_events_with_head(curve, heat(128, 50, 0.2, 1.1), nothing, 50.0) == alone
    assert detect_events_with_head(curve, low, low, 50.0) == alone


def test_a_faint_es_between_two_sure_eds_is_taken() -> None:
    curve, ed = beating(100, 50.0, first=0.1), heat(100, 50, 0.1, 1.0)
    es = heat(100, 50, 0.46, top=0.3)
    found = detect_events_with_head(curve, ed, es, 50.0)
    assert found == Events((5, 50), (23,))


@pytest.mark.parametrize("curve", [np.full(60, 900.0), np.zeros(60), np.full(60, np.nan)])
def test_a_head_makes_no_beats_where_the_area_has_none(curve: np.ndarray) -> None:
    assert detect_events_with_head(curve, heat(60, 25, 0.4, 1.4), heat(60, 25, 0.8, 1.8), 25.0) == Events()


def test_a_head_makes_no_beats_of_noise() -> None:
    noise = 1000 + 30 * np.random.default_rng(0).standard_normal(120)
    found = detect_events_with_head(noise, heat(120, 50, 0.4, 1.4), heat(120, 50, 0.8, 1.8), 50.0)
    assert found == Events()


def test_a_beat_that_does_not_move_the_area_is_dropped() -> None:
    curve = np.concatenate([np.full(45, 1000.0), beating(90, 50.0)])  # stands still first
    ed, es = heat(135, 50, 0.1, 0.9, 1.8), heat(135, 50, 0.45, 1.26, 2.16)
    found = detect_events_with_head(curve, ed, es, 50.0)
    assert len(found.ed) == len(found.es) == 2
    assert min(found.es) > 50


def test_a_heat_everywhere_keeps_events_apart() -> None:
    curve = beating(128, 50.0, first=0.2)
    for ed, es in ((np.full(128, 0.9), np.full(128, 0.9)), (np.linspace(0, 1, 128), np.linspace(1, 0, 128))):
        found = detect_events_with_head(curve, ed, es, 50.0)
        assert all(curve[ed] > curve[es] for ed, es in zip(found.ed, found.es, strict=False))


def test_events_too_near_for_a_heart_are_not_both_taken() -> None:
    """ES .06 s after ED, and a weaker one where it belongs: by hand .45 + .3 beats .45 and .4 alone."""
    peaks = [Turn(10, True, 0.45), Turn(13, False, 0.4), Turn(28, False, 0.3)]
    assert alternating(peaks, 50.0) == [peaks[0], peaks[2]]
    assert alternating(peaks[:2], 50.0) == [peaks[0]]
    assert alternating([], 50.0) == []


def test_unknown_frame_rate_finds_the_same_beats() -> None:
    curve, ed = beating(256, 50.0, first=0.2), np.arange(0.2, 5, 0.9)
    heats = heat(256, 50, *ed), heat(256, 50, *ed[:-1] + 0.36)
    known, unknown = (detect_events_with_head(curve, *heats, fps) for fps in (50.0, None))
    assert unknown.ed == known.ed
    assert np.abs(np.subtract(unknown.es, known.es)).max() <= 1


def test_bad_input() -> None:
    with pytest.raises(EchoError, match="one value per frame"):
        detect_events_with_head([], np.zeros(0), np.zeros(0), 50.0)
