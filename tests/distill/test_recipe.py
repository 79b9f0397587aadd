import pytest

from echodfkd.distill.recipe import RECIPES, Recipe, losses_of, preset
from echodfkd.errors import UsageError


def test_the_rate_warms_up_and_ends_near_zero() -> None:
    recipe = Recipe(steps=1000, rate=1.0, warmup=100)
    assert recipe.rate_at(0) == pytest.approx(0.01)
    assert recipe.rate_at(100) == pytest.approx(0.9755, abs=1e-3)
    assert recipe.rate_at(999) < 1e-4


def test_other_schedules() -> None:
    assert Recipe(steps=100, rate=1.0, warmup=0, schedule="linear").rate_at(25) == pytest.approx(0.75)
    assert Recipe(steps=100, rate=1.0, warmup=0, schedule="constant").rate_at(99) == 1.0


def test_the_published_recipe() -> None:
    """EchoDFKD: Adam 1e-3 at a constant rate, BCE alone, windows of 25 frames, batch 32, patience 10."""
    published = preset("echodfkd", steps=7)
    assert (published.batch, published.window, published.rate, published.patience) == (32, 25, 1e-3, 10)
    assert published.losses == {"bce": 1.0}
    assert {published.rate_at(step) for step in range(7)} == {1e-3}
    assert (published.decay, published.average, published.clip_norm, published.augment) == (0, 0, 0, False)


@pytest.mark.parametrize("name", list(RECIPES))
def test_every_preset_may_be_changed(name: str) -> None:
    assert preset(name, batch=3, rate=None).batch == 3
    assert preset(name, batch=None) == preset(name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"losses": {"bse": 1.0}}, "unknown loss 'bse'; did you mean bce|unknown loss 'bse'; choose from"),
        ({"losses": {"attention": 1.0}}, "needs a loss on its mask"),
        ({"losses": {"bce": 0.0}}, "needs a loss on its mask"),
        ({"schedule": "cosin"}, "unknown schedule 'cosin'"),
        ({"precision": "fp8"}, "unknown precision 'fp8'"),
    ],
)
def test_what_cannot_be_trained_with_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        preset("default", **changes)


def test_an_unknown_preset_lists_the_others() -> None:
    with pytest.raises(UsageError, match="unknown recipe 'best'; choose from: default, echodfkd, rich"):
        preset("best")


@pytest.mark.parametrize("word", ["bce=", "kl=much", "kl=-1", "kl=nan", "kl=inf"])
def test_losses_are_written_with_a_weight(word: str) -> None:
    if word == "bce=":
        assert losses_of([word]) == {"bce": 1.0}
        return
    with pytest.raises(UsageError, match="write NAME=WEIGHT"):
        losses_of([word])
