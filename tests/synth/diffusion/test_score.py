from math import exp, log, sqrt

import pytest
import torch
from diffusion_material import rngs

from echodfkd.synth.diffusion.process import shaped
from echodfkd.synth.diffusion.score import VE, VP

COUNT = 2000


def clips() -> tuple[torch.Tensor, torch.Tensor]:
    rng = rngs(1)[0]
    clean, noise = (torch.randn(COUNT, 1, 1, 2, 2, generator=rng) for _ in range(2))
    return clean.clamp(-1, 1), noise


def test_ve_has_the_levels_and_scales_of_table_1() -> None:
    clean, noise = clips()
    noised = VE().noised(clean, noise, rngs(1, 5)[0])
    sigma = 2 * torch.exp(noised.time)  # c_noise = ln(sigma / 2)
    assert torch.allclose(noised.sample, clean + shaped(sigma, clean) * noise, rtol=1e-4, atol=1e-4)
    assert torch.equal(noised.target, -noise)  # c_out = sigma, c_skip = 1
    share = torch.log(sigma / 0.02) / log(100 / 0.02)
    assert 0 <= float(share.min()) < 0.01 and 0.99 < float(share.max()) <= 1
    assert abs(float(share.mean()) - 0.5) < 4 / sqrt(12 * COUNT)


def test_vp_has_the_levels_and_scales_of_table_1() -> None:
    clean, noise = clips()
    noised = VP().noised(clean, noise, rngs(1, 5)[0])
    t = noised.time / 999
    signal = torch.exp(-(19.9 * t**2 / 2 + 0.1 * t) / 2)  # s(t)
    expected = shaped(signal, clean) * clean + shaped((1 - signal**2).sqrt(), clean) * noise
    assert torch.allclose(noised.sample, expected, atol=1e-3)
    assert torch.equal(noised.target, noise)
    assert abs(float(t.mean()) - 0.5) < 4 / sqrt(12 * COUNT)
    assert float(t.min()) > 0 and float(t.max()) <= 1


@pytest.mark.parametrize(
    ("process", "highest", "lowest"),
    [(VE(), 100.0, 0.02), (VP(), sqrt(exp(10.05) - 1), sqrt(exp(19.9e-6 / 2 + 1e-4) - 1))],
    ids=str,
)
def test_sampling_goes_from_the_highest_level_to_the_lowest_and_to_nothing(
    process: VE | VP, highest: float, lowest: float
) -> None:
    sigmas = process.scheduler("heun", 20).sigmas
    assert len(sigmas) == 21
    assert (float(sigmas[0]), float(sigmas[-2])) == pytest.approx((highest, lowest), rel=1e-3)
    assert float(sigmas[-1]) == 0
    assert bool((sigmas.diff() < 0).all())


def test_levels_of_ve_are_as_many_times_lower_each_step() -> None:
    sigmas = VE().scheduler("euler", 12).sigmas[:-1]
    assert torch.allclose(sigmas[1:] / sigmas[:-1], torch.tensor((0.02 / 100) ** (1 / 11)))


def test_the_time_of_vp_is_that_of_its_level() -> None:
    process = VP()
    times = process.scheduler("euler", 7).timesteps
    assert torch.allclose(times, 999 * torch.linspace(1, 1e-3, 7), rtol=1e-3)
