import numpy as np
import pytest

from echodfkd.synth.sim.rhythm import RHYTHMS, Cycle, sample_cycle, sample_rate


def cycles(count: int, seconds: float = 4.0, **options) -> list[Cycle]:
    return [sample_cycle(np.random.default_rng(seed), seconds, **options) for seed in range(count)]


def plateau(cycle: Cycle, beat: int) -> int:
    """Frames at 50 fps for which the contraction stays within a tenth of the stroke before an ED."""
    full, stroke = cycle.full[beat + 1], cycle.empty[beat] - cycle.full[beat + 1]
    filled = cycle.ejected(np.arange(cycle.starts[beat + 1], cycle.ends[beat], -0.02)) < full + 0.1 * stroke
    return int(np.argmin(filled))


@pytest.mark.parametrize("rhythm", list(RHYTHMS))
@pytest.mark.parametrize("seconds", [0.2, 1.3, 4.0])
def test_ed_and_es_are_the_strict_extrema_around_them(rhythm: str, seconds: float) -> None:
    for cycle in cycles(40, seconds, rhythm=rhythm):
        assert cycle.starts[0] < 0 < seconds < cycle.starts[-1]
        for times, sign in ((cycle.starts[1:-1], 1), (cycle.ends[:-1], -1)):
            around = times[:, None] + np.arange(-100, 101)[None] * 1e-3
            curve = sign * cycle.ejected(around)
            assert np.all(np.argmin(curve, 1) == 100)
            assert np.all(np.delete(curve, 100, 1) > curve[:, 100:101])


@pytest.mark.parametrize("rhythm", list(RHYTHMS))
def test_a_beat_empties_all_the_way_and_reaches_what_it_says(rhythm: str) -> None:
    for cycle in cycles(40, rhythm=rhythm):
        assert cycle.ejected(cycle.starts) == pytest.approx(cycle.full)
        assert cycle.ejected(cycle.ends) == pytest.approx(cycle.empty)
        assert np.all((cycle.full >= 0) & (cycle.full <= 0.35) & (cycle.empty >= 0.55) & (cycle.empty <= 1))
        for start, end in zip(cycle.starts, cycle.ends, strict=True):
            assert np.all(np.diff(cycle.ejected(np.linspace(start, end, 50))) > 0)


def test_the_strongest_beat_shown_whole_has_the_whole_stroke() -> None:
    shown = 0
    for cycle in cycles(150, 3.0):
        whole = (cycle.starts >= 0) & (cycle.ends <= 3.0)
        if whole.any():
            shown += 1
            assert np.any((cycle.full[whole] == 0) & (cycle.empty[whole] == 1))
    assert shown > 100


@pytest.mark.parametrize("rate", [40.0, 72.0, 140.0])
def test_the_rate_asked_for(rate: float) -> None:
    for cycle in cycles(10, 10.0, rate=rate, rhythm="sinus"):
        assert np.diff(cycle.starts).mean() == pytest.approx(60 / rate, rel=0.04)
        assert np.diff(cycle.starts).std() * rate / 60 < 0.07
        assert np.all(cycle.systole < 0.62 * 60 / rate * 1.1)


def test_rates_span_a_clinic() -> None:
    rng = np.random.default_rng(0)
    rates = np.array([sample_rate(rng) for _ in range(2000)])
    assert rates.min() >= 40
    assert rates.max() <= 140
    assert 0.7 < np.mean((rates > 55) & (rates < 95)) < 0.85
    assert np.mean(rates < 50) > 0.03
    assert np.mean(rates > 110) > 0.05


def test_every_rhythm_comes_up_and_premature_beats_in_the_share_wanted() -> None:
    found = [cycle.rhythm for cycle in cycles(400)]
    assert set(found) == set(RHYTHMS)
    assert 0.05 < found.count("ectopic") / len(found) < 0.12


def test_a_premature_beat_is_early_and_small_and_a_pause_follows() -> None:
    found = [cycle for cycle in cycles(60, rhythm="ectopic", rate=70.0) if cycle.rhythm == "ectopic"]
    assert len(found) > 40
    for cycle in found:
        beat = int(np.argmin(cycle.empty - cycle.full))
        periods = np.diff(cycle.starts)
        usual = np.median(periods)
        assert 0 < cycle.starts[beat] < 4.0
        assert periods[beat - 1] < 0.88 * usual
        assert periods[beat] > 1.02 * usual
        assert cycle.empty[beat] - cycle.full[beat] < 0.81


def test_a_clip_too_short_for_a_premature_beat_has_none() -> None:
    assert {cycle.rhythm for cycle in cycles(20, 0.2, rhythm="ectopic")} == {"sinus"}


def test_in_fibrillation_the_stroke_follows_the_pause_before_it() -> None:
    pauses, strokes, kicks = [], [], []
    for cycle in cycles(30, 8.0, rate=80.0, rhythm="fibrillation"):
        periods = np.diff(cycle.starts)
        assert periods.std() / periods.mean() > 0.08
        pauses += list(periods)
        strokes += list((cycle.empty - cycle.full)[1:])
        kicks += list(cycle.ejected(cycle.starts[1:] - 0.14) - cycle.full[1:])
    assert np.corrcoef(pauses, strokes)[0, 1] > 0.4
    assert np.median(kicks) < 0.1  # no atrial kick


def test_bradycardia_has_long_plateaus_and_tachycardia_none() -> None:
    slow = [plateau(c, 2) for c in cycles(80, rate=48.0, rhythm="sinus")]
    fast = [plateau(c, 2) for c in cycles(80, rate=120.0, rhythm="sinus")]
    assert np.mean([12 <= frames <= 40 for frames in slow]) > 0.4
    assert min(slow) < 6  # a strong kick leaves none
    assert max(fast) < 12


def test_atrial_kick_and_early_filling_vary() -> None:
    kick, early = [], []
    for cycle in cycles(100, rate=65.0, rhythm="sinus"):
        kick.append(cycle.ejected(cycle.starts[3] - 0.14) - cycle.full[3])
        early.append(cycle.ejected(cycle.starts[2] + cycle.systole[2] + 0.2))
    assert min(kick) < 0.05
    assert max(kick) > 0.3
    assert min(early) < 0.25
    assert max(early) > 0.65


@pytest.mark.parametrize("rate", [45.0, 75.0, 120.0])
def test_the_mitral_valve_is_in_phase(rate: float) -> None:
    for cycle in cycles(20, rate=rate, rhythm="sinus"):
        spans = zip(cycle.starts[:-1], cycle.systole[:-1], cycle.ends[:-1], cycle.starts[1:], strict=True)
        for start, systole, end, after in spans:
            relaxed = start + systole + min(0.059, 0.25 * (after - start - systole))  # the shortest one
            assert np.all(cycle.valve(np.linspace(start, relaxed, 30)) < 1e-9)
            late = np.linspace(end, after, 400)
            opening = cycle.valve(late)
            assert opening.max() == pytest.approx(1, abs=0.02)
            assert opening[-1] == pytest.approx(0, abs=1e-9)
            if rate < 70:  # diastasis lasts: half-closed between the two fillings
                between = cycle.valve(after - 0.16)
                assert 0.15 < between < 0.6
                assert cycle.valve(np.linspace(after - 0.14, after, 30)).max() > between


def test_volume_hardly_changes_while_all_valves_are_closed() -> None:
    for cycle in cycles(40, rate=70.0, rhythm="sinus"):
        closed = cycle.starts + cycle.systole
        begun = cycle.ejected(cycle.starts + 0.029)
        closing, relaxing = cycle.ejected(closed), cycle.ejected(closed + 0.059)
        stroke = cycle.empty - cycle.full
        assert np.all(begun - cycle.full < 0.0101 * stroke)
        assert cycle.empty - closing == pytest.approx(0.01 * stroke)
        assert np.all(cycle.empty - relaxing < 0.0101)


@pytest.mark.parametrize("rate", [45.0, 75.0, 120.0])
def test_es_lies_inside_isovolumic_relaxation(rate: float) -> None:
    lags = []
    for cycle in cycles(40, rate=rate):
        opens = cycle.starts + cycle.systole + cycle.lag / 0.7  # no earlier than this
        assert np.all(cycle.valve(opens - 1e-4) < 1e-9)
        assert np.all(cycle.lag > 0.01)
        lags += list(cycle.lag)
    assert min(lags) < 0.03
    assert 0.05 < max(lags) <= 0.07


def test_the_same_seed_gives_the_same_beats() -> None:
    one, other = (sample_cycle(np.random.default_rng(5), 3.0) for _ in range(2))
    assert np.array_equal(one.starts, other.starts)
    assert np.array_equal(one.ejected(np.arange(0, 3, 0.1)), other.ejected(np.arange(0, 3, 0.1)))
