import pytest
import torch
from diffusion_material import Knowing, abar, rngs, spread

from echodfkd.errors import UsageError
from echodfkd.synth.diffusion.gamma import GAUSSIAN, GammaDDPM, gamma_noise
from echodfkd.synth.diffusion.process import DDPM, shaped
from echodfkd.synth.diffusion.sampler import Sampler, Sampling

SIZE = (200, 400)


@pytest.mark.parametrize("step", [1, 10, 100])
def test_gamma_noise_has_mean_0_variance_1_and_the_papers_skewness(step: int) -> None:
    kbar = GammaDDPM().kbar(step - 1)
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    assert kbar == pytest.approx(float((betas / (1 - betas).cumprod(0) / 0.001**2)[:step].sum()), rel=1e-3)
    noise = gamma_noise(kbar, SIZE, rngs(1)[0]).double()
    count = noise.numel() ** 0.5
    assert abs(float(noise.mean())) < 4 / count
    assert float(noise.var()) == pytest.approx(1, abs=8 / count)
    assert float((noise**3).mean()) == pytest.approx(2 / kbar**0.5, abs=16 / count)


def test_little_noise_is_skewed_and_much_is_gaussian() -> None:
    assert float((gamma_noise(GammaDDPM().kbar(0), SIZE, rngs(1)[0]) ** 3).mean()) > 0.1
    last = GammaDDPM().kbar(999)
    assert last > GAUSSIAN
    assert torch.equal(gamma_noise(last, SIZE, rngs(1)[0]), torch.randn(*SIZE, generator=rngs(1)[0]))


def test_examples_are_noised_as_a_ddpm_with_that_noise() -> None:
    process, clean = GammaDDPM(), torch.zeros(64, 1, 1, 8, 8)
    gaussian = torch.randn(clean.shape, generator=rngs(1)[0])
    noised = process.noised(clean, gaussian, rngs(1, 1)[0])
    share = (1 - shaped(abar(process, noised.time), clean)).sqrt()
    assert torch.allclose(noised.sample, share * noised.target, atol=1e-4)
    early = torch.tensor([process.kbar(int(time)) <= GAUSSIAN for time in noised.time])
    assert 5 < int(early.sum()) < 60
    assert torch.equal(noised.target[~early], gaussian[~early])
    assert not torch.isclose(noised.target[early], gaussian[early]).any(-1).all()
    plain = DDPM("epsilon").noised(clean, gaussian, rngs(1, 1)[0])
    assert torch.equal(plain.time, noised.time)


@pytest.mark.parametrize("steps", [1, 10, 50])
def test_who_knows_the_clip_finds_it(steps: int) -> None:
    clean = torch.rand(2, 1, 1, 8, 8, generator=rngs(1)[0]) * 2 - 1
    process = GammaDDPM(clip=1.0)
    sampler = Sampler(Knowing(process, clean), process, Sampling(steps, "ddpm"))  # type: ignore[arg-type]
    assert torch.allclose(sampler.sample(clean.shape, {}, rngs(2)), clean, atol=1e-4)


def test_every_step_is_told_the_noise_that_is_left() -> None:
    process, clean = GammaDDPM(), torch.zeros(1, 1, 1, 64, 64)
    model = Knowing(process, clean)
    Sampler(model, process, Sampling(20, "ddpm")).sample(clean.shape, {}, rngs(1))  # type: ignore[arg-type]
    for time, seen in zip(model.calls, model.seen, strict=True):
        assert spread(seen) == pytest.approx(float((1 - abar(process, torch.tensor(time))).sqrt()), rel=0.06)


@pytest.mark.parametrize("steps", [0, 7, 64, 2000])
def test_steps_that_do_not_divide_are_refused(steps: int) -> None:
    with pytest.raises(UsageError, match=f"must divide 1000, got {steps}"):
        GammaDDPM().scheduler("ddpm", steps)
    with pytest.raises(UsageError, match="unknown solver 'ddim'"):
        GammaDDPM().scheduler("ddim", 10)
