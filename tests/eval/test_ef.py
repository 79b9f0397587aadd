import numpy as np
import pytest
from scipy.stats import linregress

from echodfkd.errors import EchoError
from echodfkd.eval.ef import auroc_reduced, evaluate


def test_by_hand():
    figures = dict(evaluate([62, 44, 35, np.nan], [60, 50, 40, 55]))  # errors 2, -6, -5
    assert figures["n"] == 3
    assert figures["n_missing"] == 1
    assert figures["mae"] == pytest.approx(13 / 3)
    assert figures["rmse"] == pytest.approx(np.sqrt(65 / 3))
    assert figures["bias"] == pytest.approx(-3)
    spread = 1.96 * np.sqrt((25 + 9 + 4) / 2)
    assert (figures["loa_low"], figures["loa_high"]) == pytest.approx((-3 - spread, -3 + spread))
    assert figures["r2"] == pytest.approx(1 - 65 / 200)
    assert figures["slope"] == pytest.approx((10 * 15 + 10 * 12) / 200)
    assert figures["auroc_reduced"] == 1


def test_relation_agrees_with_scipy():
    rng = np.random.default_rng(0)
    true = rng.uniform(20, 70, 50)
    found = 0.6 * true + 20 + rng.normal(0, 5, 50)
    figures, oracle = dict(evaluate(found, true)), linregress(true, found)
    assert figures["slope"] == pytest.approx(oracle.slope)
    assert figures["pearson"] == pytest.approx(oracle.rvalue)


def test_auroc_counts_ties_half():
    true = np.array([30.0, 40, 60, 70])
    assert auroc_reduced(np.array([35.0, 65, 65, 80]), true) == pytest.approx(3.5 / 4)
    assert np.isnan(auroc_reduced(true, np.full(4, 60.0)))


def test_undefined_figures_are_nan():
    figures = dict(evaluate([50.0], [60.0]))
    assert figures["mae"] == 10
    assert np.isnan([figures[name] for name in ("loa_low", "r2", "pearson", "slope", "auroc_reduced")]).all()


def test_guessing_the_mean_has_no_r2():
    figures = dict(evaluate([50.0, 50, 50], [40.0, 50, 60]))
    assert figures["r2"] == 0
    assert figures["slope"] == 0
    assert np.isnan(figures["pearson"])


def test_bad_input():
    with pytest.raises(EchoError, match=r"as many on both sides, got \(2,\) and \(1,\)"):
        dict(evaluate([50, 60], [50]))
    with pytest.raises(EchoError, match="no clip has both"):
        dict(evaluate([np.nan], [50]))
