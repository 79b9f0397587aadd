"""The detector against volume curves whose ED and ES are known exactly, and against golden systoles."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from echodfkd.beats import (
    Beat,
    Events,
    detect_events,
    echonet_systoles,
    filling,
    heart_rate_bpm,
    pair_beats,
)
from echodfkd.errors import EchoError
from echodfkd.eval.events import Matches, f1, match_events, mean_error_frames

GOLDEN = json.loads((Path(__file__).parent / "golden" / "echonet_systole.json").read_text())["cases"]


def beat(rr: float, rng: np.random.Generator) -> tuple[np.ndarray, list[float], float, float]:
    """Knots (s, relative volume) of one beat from ED, and the times of its exact ED and ES."""
    pace = np.sqrt(rr / 0.85)  # Bazett: systole shortens with the root of the cycle
    contraction, ejection, relaxation = rng.uniform([0.03, 0.26, 0.06], [0.06, 0.33, 0.1]) * pace
    diastole = rr - contraction - ejection - relaxation
    filling = min(rng.uniform(0.12, 0.2) * pace, 0.45 * diastole)
    kick = min(rng.uniform(0.08, 0.12) * pace, 0.35 * diastole)
    drop = rng.choice([0, 1]) * rng.uniform(0, 0.02)  # volume lost before ejection
    plateau = rng.uniform(0.7, 0.9)
    trough = rng.permutation([0, rng.uniform(0, 0.04)])
    times = np.cumsum([0, contraction, ejection, relaxation, filling, diastole - filling - kick])
    volumes = [1, 1 - drop, *trough, plateau, min(plateau + rng.uniform(0, 0.05), 0.97)]
    return times, volumes, 0 if drop else contraction, times[2] if trough[0] == 0 else times[3]


def volume_curve(rng, fps, seconds=3.0, noise=0.0, irregular=0.0, hr=None, ef=None):
    """Volume (T,) in ml, exact ED and ES (in fractions of a frame, inside the clip), frames per beat."""
    hr, ef, edv = hr or rng.uniform(40, 140), ef or rng.uniform(15, 75), rng.uniform(60, 250)
    start, times, volumes, ed, es = -60 / hr * rng.uniform(1, 2), [], [], [], []
    while start < seconds + 120 / hr:
        rr = 60 / hr * (1 + irregular * rng.uniform(-1, 1))
        knots, values, beat_ed, beat_es = beat(rr, rng)
        times += list(start + knots)
        volumes += values
        ed.append((start + beat_ed) * fps)
        es.append((start + beat_es) * fps)
        start += rr
    n = round(seconds * fps)
    shape = PchipInterpolator(times, volumes)(np.arange(n) / fps) + noise * rng.standard_normal(n)
    inside = [[frame for frame in frames if 0 <= frame <= n - 1] for frames in (ed, es)]
    return edv * (1 - ef / 100 * (1 - shape)), *inside, 60 / hr * fps


def bench(fps, clips=60, **curve):
    """Matches of ED and of ES over many random curves."""
    found: tuple[list[Matches], list[Matches]] = ([], [])
    for k in range(clips):
        volume, ed, es, cycle = volume_curve(np.random.default_rng([11, k]), fps, **curve)
        events = detect_events(volume, fps)
        # 100 steps per frame, as the exact events fall between frames
        for kind, got, exact in ((0, events.ed, ed), (1, events.es, es)):
            fine = [round(100 * frame) for frame in exact]
            found[kind].append(match_events([100 * frame for frame in got], fine, 50 * cycle))
    return [(mean_error_frames(one) / 100, f1(one)) for one in found]


@pytest.mark.parametrize(
    ("fps", "noise", "worst"),
    [
        (8, 0, 0.6),
        (8, 0.03, 0.6),
        (25, 0, 0.6),
        (25, 0.03, 1.0),
        (50, 0, 1.0),
        (50, 0.03, 1.5),
        (80, 0.02, 2.4),
    ],
)
def test_finds_every_event(fps, noise, worst):
    for error, score in bench(fps, noise=noise, seconds=8.0, clips=40):
        assert error <= worst
        assert score >= 0.97


def test_irregular_beats():
    for error, score in bench(50, noise=0.02, irregular=0.3, seconds=8.0, clips=40):
        assert error <= 1.5
        assert score >= 0.97


def test_short_clips():
    for error, score in bench(50, noise=0.02, seconds=2.0):
        assert error <= 1.5
        assert score >= 0.95  # an event just outside the clip counts as false


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_finds_the_systoles_of_real_curves(case):
    events = detect_events(case["area"], 50.0)
    assert len(events.es) == len(case["systole_frames"])
    assert np.abs(np.subtract(events.es, case["systole_frames"])).max() <= 6
    assert max(len(events.ed), len(events.es)) - min(len(events.ed), len(events.es)) <= 1


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_echonet_systoles_are_the_published_ones(case):
    assert echonet_systoles(case["area"]) == tuple(case["systole_frames"])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_echonet_systoles_of_tiny_clips(n):
    assert echonet_systoles(np.arange(n)) == ()


def test_half_a_beat_has_its_events_at_the_ends():
    fall = 80 + 40 * np.cos(np.linspace(0, np.pi, 20))
    assert detect_events(fall, 50.0) == Events((0,), (19,))
    assert detect_events(fall[::-1], 50.0) == Events((19,), (0,))
    assert detect_events([120, 60], None) == Events((0,), (1,))


def test_clip_that_cuts_a_beat_short_does_not_count_it():
    wave = 100 + 40 * np.cos(2 * np.pi * (np.arange(100) - 38) / 40)  # ED at 38 and 78, ES at 18, 58, 98
    assert detect_events(wave[8:88], 50.0) == Events((30, 70), (10, 50))


def test_plateau_does_not_draw_ed():
    diastole, fall = np.full(60, 120.0), 80 + 40 * np.cos(np.linspace(0, np.pi, 16))
    curve = np.concatenate([fall, fall[::-1], diastole, fall, fall[::-1]])
    assert detect_events(curve, 50.0).ed[-1] in range(90, 95)  # the fall starts at frame 92


@pytest.mark.parametrize("curve", [[100.0], [100.0] * 50, [0.0] * 50, [np.nan] * 5])
def test_nothing_moves(curve):
    assert detect_events(curve, 50.0) == Events()


@pytest.mark.parametrize("fps", [25.0, 50.0, 120.0])
def test_noise_is_no_beat(fps):
    assert detect_events(1000 + 30 * np.random.default_rng(0).standard_normal(200), fps) == Events()


@pytest.mark.parametrize("lost", [0.0, np.nan, 1e4])
def test_lost_frames_change_nothing(lost):
    volume, *_ = volume_curve(np.random.default_rng(3), 50.0, noise=0.01, hr=70)
    clean = detect_events(volume, 50.0)
    volume[[20, 61, 62, 110]] = lost
    broken = detect_events(volume, 50.0)
    assert np.abs(np.subtract(broken.ed, clean.ed)).max() <= 3
    assert np.abs(np.subtract(broken.es, clean.es)).max() <= 3


def test_unknown_frame_rate_finds_the_same_beats():
    volume, *_ = volume_curve(np.random.default_rng(5), 30.0, noise=0.02, hr=75, seconds=6)
    known, unknown = detect_events(volume, 30.0), detect_events(volume, None)
    assert len(known.ed) >= 6
    assert len(unknown.ed) == len(known.ed)
    assert len(unknown.es) == len(known.es)


@pytest.mark.parametrize(
    ("area", "fps", "message"),
    [
        ([], 50.0, "one value per frame"),
        ([[1.0]], 50.0, "shape"),
        ([1.0, 2.0], 0.0, "fps must be a positive number"),
    ],
)
def test_bad_input(area, fps, message):
    with pytest.raises(EchoError, match=message):
        detect_events(area, fps)


def test_pairs_each_ed_with_its_es():
    events = Events(ed=(0, 40, 80), es=(15, 55, 99))
    assert pair_beats(events, 100) == (Beat(0, 15, False), Beat(40, 55, True), Beat(80, 99, False))
    assert pair_beats(Events((10, 50), (60,)), 100) == (Beat(50, 60, True),)
    assert pair_beats(Events((10,), (5,)), 100) == ()


def test_heart_rate():
    assert heart_rate_bpm(Events((10, 60, 110), (30, 80)), 50.0) == pytest.approx(60)
    assert heart_rate_bpm(Events((0, 50, 100, 200), ()), 50.0) == pytest.approx(60)  # one beat missed
    assert heart_rate_bpm(Events((10,), (30,)), 50.0) is None
    assert heart_rate_bpm(Events((10, 60), ()), None) is None


def test_filling_alone_is_half_a_beat() -> None:
    assert filling(Events(ed=(9,), es=(2,))) == (Beat(9, 2, complete=False),)
    assert filling(Events(ed=(9,))) == ()
