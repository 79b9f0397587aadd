from itertools import pairwise

import numpy as np
import pytest

from echodfkd.beats import detect_events
from echodfkd.live.events import LiveEvents


def beating(frames: int, fps: float, noise: float = 0.0) -> np.ndarray:
    """LV area of a heart of 75 beats a minute."""
    phase = np.arange(frames) / fps * 1.25 % 1
    falling, rising = (
        0.5 + 0.5 * np.cos(np.pi * phase / 0.35),
        0.5 - 0.5 * np.cos(np.pi * (phase - 0.35) / 0.65),
    )
    curve = np.where(phase < 0.35, falling, rising)
    return 1000 + 600 * curve + np.random.default_rng(0).normal(0, noise, frames)


@pytest.mark.parametrize(("fps", "noise"), [(50.0, 0.0), (50.0, 10.0), (25.0, 5.0)])
def test_the_events_of_a_stream_are_those_of_the_whole_clip(fps: float, noise: float) -> None:
    curve = beating(round(6 * fps), fps, noise)
    live, whole = LiveEvents(fps), detect_events(curve, fps)
    told = [event for area in curve for event in live.add(area)]
    for kind, expected in (("ED", whole.ed), ("ES", whole.es)):
        found = [event.frame for event in told if event.kind == kind]
        missed = [frame for frame in expected if not any(abs(frame - f) <= 2 for f in found)]
        assert len(missed) <= 1  # at the end there is no time left
        assert all(any(abs(frame - f) <= 2 for f in expected) for frame in found[1:])
    assert [a.kind != b.kind for a, b in pairwise(told)] == [True] * (len(told) - 1)


def test_the_lag_is_what_was_waited() -> None:
    live = LiveEvents(50.0)
    told = [event for area in beating(200, 50.0) for event in live.add(area)]
    assert len(told) >= 5
    assert all(10 <= event.lag == event.known_at - event.frame <= 25 for event in told)


def test_a_curve_without_beats_has_no_events() -> None:
    live = LiveEvents(None)
    assert [event for _ in range(60) for event in live.add(500.0)] == []
