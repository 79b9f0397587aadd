import pytest
import torch
from diffusion_material import corpus, vae

from echodfkd.synth.diffusion.autoencoder import Autoencoding, GammaAutoencoding, Perceptual
from echodfkd.synth.diffusion.codec import to_signal
from echodfkd.synth.diffusion.corpus import Corpus, Shape, as_tensor
from echodfkd.synth.diffusion.training import Recipe, Training


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return corpus(tmp_path_factory.mktemp("autoencoder"), Shape(8, 50.0, 32))


def test_the_eye_sees_nearness_and_leads_there(made: Corpus) -> None:
    eye = Perceptual()
    theirs = to_signal(as_tensor(made.frames[:2, 0]))[:, None]
    assert float(eye(theirs, theirs)) == 0
    near, far = theirs + 0.05, -theirs
    assert float(eye(near, theirs)) < float(eye(far, theirs))
    ours = far.requires_grad_()
    eye(ours, theirs).backward()
    assert ours.grad is not None
    assert float(ours.grad.abs().sum()) > 0
    assert all(not p.requires_grad for p in eye.parameters())


def test_frames_come_from_inside_the_windows(made: Corpus) -> None:
    task = Autoencoding(vae(), 2, made, seed=3)
    frames = to_signal(as_tensor(made.frames))
    for step in range(6):
        batch = task.batch(step, 3)["frames"]
        assert batch.shape == (3, 1, 32, 32)
        for frame in batch[:, 0]:
            hits = (frames == frame).all(-1).all(-1).nonzero().tolist()
            assert hits
            assert hits[0][1] < made.length[hits[0][0]]
    assert torch.equal(batch, Autoencoding(vae(), 2, made, seed=3).batch(5, 3)["frames"])


def test_the_critic_has_a_word_from_its_step_on(made: Corpus) -> None:
    task = Autoencoding(vae(), 2, made, critic_from=4)
    batch = task.batch(0, 2)
    assert float(task.losses(batch, 3, torch.Generator().manual_seed(0))["adversarial"]) == 0
    assert float(task.losses(batch, 4, torch.Generator().manual_seed(0))["adversarial"]) != 0
    assert float(task.critic_loss(batch)) > 0


def test_pictures_get_nearer(made: Corpus) -> None:
    task = Autoencoding(vae(), 2, made, critic_from=4)
    training = Training(task, Recipe(steps=14, batch=3, rate=8e-3, warmup=2), "cpu")
    rows = [training.learn() for _ in range(14)]
    assert set(rows[0]) == {"pixels", "features", "divergence", "adversarial", "critic"}
    assert sum(row["pixels"] for row in rows[-3:]) < 0.8 * sum(row["pixels"] for row in rows[:3])
    with training.averaged():
        shown = task.pictures()
    assert shown is not None
    assert shown.shape == (1, 3 * 32, 8 * 32)


def test_posteriors_are_drawn_from_the_steps_generator(made: Corpus) -> None:
    task = Autoencoding(vae(), 2, made)
    batch = task.batch(0, 2)
    one, two, three = (task.losses(batch, 0, torch.Generator().manual_seed(n))["pixels"] for n in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, three)


def test_a_gamma_posterior_is_learned_through_its_draws(made: Corpus) -> None:
    task = GammaAutoencoding(vae(latent_channels=1), 2, made)
    batch = task.batch(0, 2)
    torch.manual_seed(0)
    one = task.losses(batch, 0, torch.Generator())
    two = task.losses(batch, 0, torch.Generator())
    assert set(one) == {"pixels", "features", "divergence"}
    assert float(one["pixels"].detach()) != float(two["pixels"].detach())  # drawn anew
    one["pixels"].backward()
    gradient = task.network.quant_conv.weight.grad
    assert gradient is not None
    assert bool((gradient.abs().sum((1, 2, 3)) > 0).all())  # of shape and of rate


def test_the_divergence_is_that_from_the_prior(made: Corpus) -> None:
    task = GammaAutoencoding(vae(latent_channels=1), 2, made, divergence=1.0)
    convolution = task.network.quant_conv
    torch.nn.init.zeros_(convolution.weight)
    torch.nn.init.constant_(convolution.bias, float(torch.tensor(1.0).expm1().log()))  # softplus is 1
    batch = task.batch(0, 2)
    assert float(task.losses(batch, 0, torch.Generator())["divergence"]) == pytest.approx(0, abs=1e-4)
    convolution.bias.data[1] = 0.0
    a, b, b0 = 3.75, 10.8 * float(torch.tensor(2.0).log()), 10.8  # KL of equal shapes
    expected = a * (b0 / b - 1 + float(torch.tensor(b / b0).log()))
    assert float(task.losses(batch, 0, torch.Generator())["divergence"]) == pytest.approx(expected, rel=1e-3)


def test_gamma_pictures_get_nearer(made: Corpus) -> None:
    task = GammaAutoencoding(vae(latent_channels=1), 2, made)
    training = Training(task, Recipe(steps=14, batch=3, rate=8e-3, warmup=2), "cpu")
    rows = [training.learn() for _ in range(14)]
    assert sum(row["pixels"] for row in rows[-3:]) < 0.8 * sum(row["pixels"] for row in rows[:3])
    with training.averaged():
        assert task.pictures() is not None
