from pathlib import Path

import pytest
import torch
from simclip_material import Ellipses

from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.simclip import train
from echodfkd.eval.auxiliary.simclip.clips import material
from echodfkd.eval.auxiliary.simclip.samples import PictureBatches
from echodfkd.eval.auxiliary.simclip.train import Recipe, State, begin, fit, losses_of

SMALL = {"width": 0.3, "depth": 1, "dimensions": 16}


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> PictureBatches:
    return PictureBatches(material([Ellipses()], 0, 8, tmp_path_factory.mktemp("clips")), 0, 99, 8)


def run(state: State, batches: PictureBatches, recipe: Recipe, path: Path) -> list[dict[str, float]]:
    return list(fit(state, batches, recipe, path))


def test_it_learns(batches: PictureBatches, tmp_path: Path) -> None:
    recipe = Recipe(steps=40, batch=8, rate=2e-2)
    state = begin(recipe, **SMALL)
    before = losses_of(state.network, batches[50], 0)
    rows = run(state, batches, recipe, tmp_path / "last.pt")
    after = losses_of(state.network, batches[50], 0)
    assert rows[-1]["step"] == 40
    assert after["cells"] < 0.85 * before["cells"]
    assert after["overlap"] < before["overlap"]


def test_a_cut_run_goes_on_to_equal_weights(
    batches: PictureBatches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "KEEP_EVERY", 2)
    recipe = Recipe(steps=4, batch=8)
    whole = begin(recipe, **SMALL)
    run(whole, batches, recipe, tmp_path / "whole.pt")
    cut = begin(recipe, **SMALL)
    next(fit(cut, batches, recipe, tmp_path / "last.pt"))
    resumed = begin(recipe, **SMALL)
    resumed.load(tmp_path / "last.pt")
    assert resumed.step == 2
    assert [row["step"] for row in run(resumed, batches, recipe, tmp_path / "last.pt")] == [4.0]
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(EchoError, match=r"last\.pt is damaged"):
        begin(Recipe(), **SMALL).load(path)


def test_a_training_that_diverges_stops(batches: PictureBatches, tmp_path: Path) -> None:
    recipe = Recipe(steps=2, batch=8)
    state = begin(recipe, **SMALL)
    with torch.no_grad():
        state.network.image.out.weight.fill_(float("nan"))
    with pytest.raises(EchoError, match="the loss of step 0 is not finite"):
        run(state, batches, recipe, tmp_path / "last.pt")
    assert not (tmp_path / "last.pt").exists()


def test_the_rate_rises_stays_and_falls() -> None:
    recipe = Recipe(steps=1000, rate=1.0)
    assert [recipe.rate_at(step) for step in (29, 60, 699)] == [0.5, 1.0, 1.0]
    assert recipe.rate_at(850) == pytest.approx(0.5)
    assert 0 < recipe.rate_at(999) < 0.01
