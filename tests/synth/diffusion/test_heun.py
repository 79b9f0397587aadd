"""Clips whose grey values are normal, of standard deviation S, have a known denoiser and a known ODE."""

from itertools import pairwise
from math import sqrt

import pytest
import torch
from diffusion_material import rngs, spread
from torch import Tensor, nn

from echodfkd.synth.diffusion.conditions import Values
from echodfkd.synth.diffusion.heun import Churn
from echodfkd.synth.diffusion.process import EDM
from echodfkd.synth.diffusion.sampler import Sampler, Sampling

S = 0.2  # not sigma_data, for which a raw output of zero would be right
EDM_ = EDM(sigma_max=20.0)
STILL = Churn(churn=0.0)


class Normal(nn.Module):
    """In a denoiser's place: the best denoiser of such clips, D(x; sigma) = x S^2 / (sigma^2 + S^2)."""

    conditioners = ()

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.calls = 0

    def forward(self, sample: Tensor, time: Tensor, values: Values) -> Tensor:
        self.calls += 1
        sigma = torch.exp(4 * time[0].double())
        total = (sigma**2 + 0.25).sqrt()
        noisy = sample * total
        denoised = noisy * S**2 / (sigma**2 + S**2)
        return (denoised - 0.25 / total**2 * noisy) / (sigma * 0.5 / total)


def error(solver: str, steps: int, churn: Churn = STILL) -> float:
    """Largest relative error of what is sampled, against the ODE's solution."""
    sampler = Sampler(Normal(), EDM_, Sampling(steps, solver, churn=churn))  # type: ignore[arg-type]
    begun = sampler.begin(torch.randn(1, 1, 1, 8, 8, generator=rngs(1)[0]), None)
    exact = begun * S / sqrt(20.0**2 + S**2)
    return float(((sampler.sample((1, 1, 1, 8, 8), {}, rngs(1)) - exact) / exact).abs().max())


def test_heun_is_of_second_order_where_euler_is_of_first() -> None:
    euler = [error("euler", steps) for steps in (32, 64, 128)]
    heun = [error("heun", steps) for steps in (32, 64, 128)]
    assert heun[0] < euler[0] / 5
    assert [a / b for a, b in pairwise(euler)] == pytest.approx([2, 2], rel=0.2)
    assert [a / b for a, b in pairwise(heun)] == pytest.approx([4, 4], rel=0.2)


def test_heun_asks_twice_in_every_step_but_the_last() -> None:
    model = Normal()
    Sampler(model, EDM_, Sampling(5, "heun")).sample((1, 1, 1, 4, 4), {}, rngs(1))  # type: ignore[arg-type]
    assert model.calls == 2 * 5 - 1


def test_churn_replaces_noise_and_adds_none() -> None:
    churn = Churn(churn=40.0, lowest=0.0, highest=100.0, noise=1.0)
    assert error("heun", 64, churn) > 0.5  # its clip is another one,
    sampler = Sampler(Normal(), EDM_, Sampling(64, "heun", churn=churn))  # type: ignore[arg-type]
    clips = sampler.sample((4, 1, 1, 32, 32), {}, rngs(4))
    assert spread(clips) == pytest.approx(S, rel=0.06)  # drawn from the same clips


def test_churn_is_the_papers() -> None:
    churn = Churn(churn=40.0, lowest=0.05, highest=50.0)
    assert churn.gamma(1.0, 200) == pytest.approx(0.2)
    assert churn.gamma(1.0, 20) == pytest.approx(sqrt(2) - 1)
    assert churn.gamma(0.04, 20) == churn.gamma(51.0, 20) == 0


def test_two_clips_churn_by_themselves() -> None:
    sampler = Sampler(Normal(), EDM_, Sampling(8, "heun"))  # type: ignore[arg-type]
    both = sampler.sample((2, 1, 1, 8, 8), {}, rngs(2))
    alone = sampler.sample((1, 1, 1, 8, 8), {}, rngs(1, first=1))
    assert torch.allclose(both[1], alone[0], atol=1e-6)
    assert not torch.allclose(both[0], alone[0], atol=1e-2)
