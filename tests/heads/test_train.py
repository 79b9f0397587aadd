from dataclasses import replace

import numpy as np
import pytest
import torch
from beating_curves import Soft, ellipse_curves

from echodfkd.errors import EchoError
from echodfkd.heads.curves import ClipCurves
from echodfkd.heads.head import Head
from echodfkd.heads.network import HeadNetwork
from echodfkd.heads.samples import batch_of
from echodfkd.heads.train import HeadRecipe, calibrate, ef_table, figures, fit, loss, pinball, stretch_of

SHRINKS = (0.72, 0.8, 0.88, 0.95)
CLIPS = [ellipse_curves(30, fps=20.0, beat=14, shrink=shrink) for shrink in SHRINKS]


def foreign(clip: ClipCurves) -> ClipCurves:
    """No apical LV: the same curves with the measures of their shape shuffled."""
    rows = np.ascontiguousarray(clip.rows[:, ::-1])
    return replace(clip, rows=rows, ef=float("nan"), ed=np.zeros(0), es=np.zeros(0))


@pytest.fixture(scope="module")
def trained() -> HeadNetwork:
    torch.set_num_threads(1)
    clips = CLIPS + [foreign(clip) for clip in CLIPS]
    return fit(clips, HeadRecipe(steps=60, batch=8))


def head(network: HeadNetwork) -> Head:
    return Head(network, "soft", Soft.digest)


def test_it_learns(trained: HeadNetwork) -> None:
    torch.manual_seed(0)
    batch = batch_of(CLIPS)
    fresh = HeadNetwork().eval()
    with torch.no_grad():
        before, after = (
            float(loss(net(batch.curves, batch.naive, batch.inside), batch)) for net in (fresh, trained)
        )
    assert after < 0.6 * before
    asked = replace(head(trained), lv_limit=0.5)
    chances = [
        [asked.read(c.rows, c.fps).lv or 0.0 for c in clips] for clips in (CLIPS, [*map(foreign, CLIPS)])
    ]
    assert min(chances[0]) > max(chances[1])


def test_the_same_recipe_gives_the_same_weights() -> None:
    one, two, other = (fit(CLIPS, HeadRecipe(steps=2, batch=2, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(one.stem.weight, two.stem.weight)
    assert not torch.equal(one.stem.weight, other.stem.weight)


def test_pinball_by_hand() -> None:
    """True 50; quantiles 40, 50, 52: .05 * 10 + 0 + .05 * 2 (the last lies above)."""
    found = torch.tensor([[40.0, 50.0, 52.0]])
    assert float(pinball(found, torch.tensor([50.0]))) == pytest.approx(0.6)
    assert float(pinball(found, torch.tensor([float("nan")]))) == 0


def test_rate_rises_and_falls() -> None:
    recipe = HeadRecipe(steps=1000, rate=1.0)
    rates = [recipe.rate_at(step) for step in (0, 49, 500, 999)]
    assert rates[0] == pytest.approx(0.02, abs=0.001)
    assert rates[1] > 0.99
    assert rates[2] == pytest.approx(0.5)
    assert rates[3] < 1e-4


def test_calibration_makes_intervals_cover_nine_in_ten(trained: HeadNetwork) -> None:
    rng = np.random.default_rng(0)
    many = [replace(CLIPS[k % 4], ef=CLIPS[k % 4].ef + 9 * rng.standard_normal()) for k in range(80)]
    settled = calibrate(head(trained), many)
    table = ef_table(settled, many)
    covered = ((table[:, 3] <= table[:, 0]) & (table[:, 0] <= table[:, 4])).mean()
    assert covered == pytest.approx(0.9, abs=0.03)
    assert settled.lv_limit is None  # nothing but LVs to settle it on
    assert settled.widen > 0


def test_calibration_takes_the_masks_where_they_are_exact(trained: HeadNetwork) -> None:
    masks = ef_table(head(trained), CLIPS)[:, 1]
    clips = [replace(CLIPS[k % 4], ef=float(masks[k % 4])) for k in range(12)]
    assert calibrate(head(trained), clips).share == 0


def test_the_stretch_undoes_a_shrinking_to_the_mean() -> None:
    true = np.linspace(20, 70, 60)
    found = 45 + 0.85 * (true - 45)
    stretch, centre = stretch_of(true, found)
    assert stretch == pytest.approx(1 / 0.85, abs=0.01)
    assert centre == pytest.approx(45, abs=1)
    assert stretch_of(true, 45 + 0.5 * (true - 45))[0] == 1.25  # no farther than that


def test_there_is_no_stretch_where_it_costs_or_nothing_is_to_gain() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(20, 70, 400)
    assert stretch_of(true, true + 2) == (1.0, 50.0)
    assert stretch_of(true, 45 + 1.2 * (true - 45))[0] == 1.0
    assert stretch_of(np.full(20, 55.0), rng.normal(55, 3, 20)) == (1.0, 50.0)  # no slope to know
    noise = 45 + 0.8 * (true + rng.normal(0, 14, 400) - 45)  # where noise decides, a stretch costs
    stretch, centre = stretch_of(true, noise)
    error = np.abs(noise + (stretch - 1) * (noise - centre) - true).mean()
    assert 1.0 <= stretch < 1.25
    assert error <= 1.05 * np.abs(noise - true).mean()


def test_calibration_settles_the_stretch_before_the_interval(trained: HeadNetwork) -> None:
    table = ef_table(replace(head(trained), share=0.0), CLIPS)
    clips = [replace(CLIPS[k % 4], ef=float(50 + 1.15 * (table[k % 4, 1] - 50))) for k in range(40)]
    settled = calibrate(head(trained), clips)
    after = ef_table(settled, clips)
    assert settled.stretch > 1
    assert np.polyfit(after[:, 0], after[:, 2], 1)[0] == pytest.approx(1, abs=0.05)
    assert ((after[:, 3] <= after[:, 0]) & (after[:, 0] <= after[:, 4])).mean() >= 0.9


def test_the_limit_lets_apical_clips_pass(trained: HeadNetwork) -> None:
    mixed = CLIPS * 5 + [foreign(clip) for clip in CLIPS]
    settled = calibrate(head(trained), mixed)
    assert settled.lv_limit is not None
    assert settled.lv_limit <= 0.5
    found = dict(figures(settled, mixed))
    assert found["n"] == 20
    assert found["lv_refused_wrongly"] <= 0.05


def test_too_few_clips_are_said(trained: HeadNetwork) -> None:
    with pytest.raises(EchoError, match="needs 10 clips with an EF, got 4"):
        calibrate(head(trained), CLIPS)
