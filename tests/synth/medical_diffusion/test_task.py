from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusion_material import corpus
from small_medical_diffusion import TINY

from echodfkd.synth.diffusion.codec import to_signal
from echodfkd.synth.diffusion.corpus import Corpus, Shape, as_tensor
from echodfkd.synth.diffusion.training import Recipe, Training
from echodfkd.synth.medical_diffusion.parts import vqgan
from echodfkd.synth.medical_diffusion.task import VolumeAutoencoding, Weights, slices_of

NAMES = {"pixels", "commitment", "features", "adversarial", "matching"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return corpus(tmp_path_factory.mktemp("volumes"), Shape(8, 50.0, 40))


def task(made: Corpus, critic_from: int = 1000, weights: Weights | None = None) -> VolumeAutoencoding:
    torch.manual_seed(0)
    own = weights or TINY.weights
    return VolumeAutoencoding(
        vqgan(TINY), made, own, frames=8, size=32, critic_from=critic_from, critic_channels=4, seed=3
    )


def test_crops_come_from_inside_the_clips(made: Corpus) -> None:
    whole, places = to_signal(as_tensor(made.frames)), set()
    for step in range(8):
        batch = task(made).batch(step, 2)
        assert batch["clips"].shape == (2, 1, 8, 32, 32)
        assert bool(((batch["picks"] >= 0) & (batch["picks"] < 8)).all())
        windows = whole.unfold(2, 32, 1).unfold(3, 32, 1)  # (N, T, y, x, 32, 32)
        for clip in batch["clips"][:, 0]:
            hits = (windows == clip[None, :, None, None]).flatten(4).all(-1).all(1).nonzero().tolist()
            assert hits
            places.add(tuple(hits[0][1:]))
    assert len(places) > 4
    again = task(made).batch(7, 2)
    assert all(torch.equal(again[name], batch[name]) for name in again)


def test_losses_have_their_weights(made: Corpus) -> None:
    one = task(made, 0, Weights())
    losses = one.losses(one.batch(0, 2), 0, torch.Generator())
    assert set(losses) == NAMES
    assert one._last is not None
    error = (one._last - one.batch(0, 2)["clips"]).abs().mean()
    assert float(losses["pixels"].detach()) == pytest.approx(4 * float(error), rel=1e-5)
    other = task(made, 0, Weights(1.0, 1.0, 0.5, 1.0))
    lighter = other.losses(other.batch(0, 2), 0, torch.Generator())
    ratios = {name: float(losses[name].detach() / lighter[name].detach()) for name in NAMES}
    expected = {"pixels": 4.0, "features": 4.0, "matching": 4.0, "commitment": 1.0}
    assert {name: ratios[name] for name in expected} == pytest.approx(expected, rel=0.05)


def test_both_critics_have_a_word_from_their_step_on(made: Corpus) -> None:
    one = task(made, critic_from=4)
    batch = one.batch(0, 2)
    before = one.losses(batch, 3, torch.Generator())
    assert float(before["adversarial"]) == float(before["matching"]) == 0
    after = one.losses(batch, 4, torch.Generator())
    assert float(after["adversarial"].detach()) != 0 and float(after["matching"].detach()) > 0
    one.critic_loss(batch).backward()
    assert one.critic is not None
    for critic in (one.critic.slices, one.critic.volume):
        assert all(float(p.grad.abs().sum()) > 0 for p in critic.parameters() if p.ndim > 2)  # type: ignore[union-attr]


def test_a_slice_is_that_of_its_own_clip() -> None:
    clips = torch.arange(2 * 3).view(2, 1, 3, 1, 1).expand(-1, -1, -1, 4, 5)
    assert slices_of(clips, torch.tensor([2, 0]))[:, 0, 0, 0].tolist() == [2, 3]


def test_clips_get_nearer(made: Corpus) -> None:
    torch.manual_seed(0)
    wide = vqgan(replace(TINY, channels=(16, 32)))
    one = VolumeAutoencoding(
        wide, made, replace(TINY.weights, features=0.0), frames=8, size=32, critic_channels=4
    )
    training = Training(one, Recipe(steps=24, batch=2, rate=3e-3, warmup=2), "cpu")
    rows = [training.learn() for _ in range(24)]
    assert set(rows[0]) == NAMES | {"critic"}
    assert sum(row["pixels"] for row in rows[-3:]) < 0.8 * sum(row["pixels"] for row in rows[:3])
    with training.averaged():
        shown = one.pictures()
    assert shown is not None and shown.shape[1] == 3 * 32


def test_pictures_do_not_teach_the_codebook(made: Corpus, tmp_path: Path) -> None:
    one = task(made)
    before = one.network.codebook.embedding.weight.clone()
    one.network.eval()
    one.pictures()
    assert torch.equal(one.network.codebook.embedding.weight, before)
