"""Gamma noise: Denoising Diffusion Gamma Models (Nachmani et al. 2021, arXiv 2106.07582).

Their x_t = sqrt(abar_t) x_0 + (g - kbar_t theta_t), g ~ Gamma(kbar_t, scale theta_t), with theta_t =
sqrt(abar_t) theta_0 and kbar_t the sum of beta_i / (abar_i theta_0^2), which is (1 / abar_t - 1) / theta_0^2.
So it is a DDPM whose unit noise is a centred Gamma variable, the more skewed the less of it there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import sqrt
from typing import Any

import torch
from diffusers import DDPMScheduler
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor

from echodfkd.errors import UsageError, unknown_name
from echodfkd.synth.diffusion.process import DDPM

GAUSSIAN = 1e6  # kbar above which nobody can tell: a skewness below .002


def gamma_noise(kbar: float, size: Sequence[int], rng: torch.Generator) -> Tensor:
    """Centred Gamma(kbar) noise of variance 1, float32, on the CPU; Gaussian where `kbar` is large."""
    if kbar > GAUSSIAN:
        return torch.randn(*size, generator=rng)
    shape = torch.full(tuple(size), kbar, dtype=torch.float64)  # float32 would lose g - kbar
    drawn = torch._standard_gamma(shape, generator=rng)  # torch.distributions takes no generator
    return ((drawn - kbar) / sqrt(kbar)).float()


@dataclass(frozen=True)
class GammaDDPM(DDPM):
    """A DDPM under Gamma noise.

    Attributes:
        theta: theta_0, the scale of the Gamma variables.
    """

    prediction: str = "epsilon"
    theta: float = 0.001
    solvers: tuple[str, ...] = field(default=("ddpm",), repr=False)

    def kbar(self, time: int) -> float:
        """Shape of the Gamma variable at step `time`, 0-based."""
        return (1 / float(_signal(self)[time]) - 1) / self.theta**2

    def noise_at(self, time: Tensor, noise: Tensor, rng: torch.Generator) -> Tensor:
        """Gamma noise of the steps (B,), the given Gaussian one where it looks like that."""
        each = [self.kbar(int(one)) for one in time]
        drawn = [
            gaussian if k > GAUSSIAN else gamma_noise(k, gaussian.shape, rng).to(gaussian)
            for k, gaussian in zip(each, noise, strict=True)
        ]
        return torch.stack(drawn)

    def scheduler(self, solver: str, steps: int) -> Any:
        """Of "ddpm" alone, whose steps must divide those of the training."""
        if solver not in self.solvers:
            raise unknown_name("solver", solver, list(self.solvers))
        if not 1 <= steps <= self.steps or self.steps % steps:
            raise UsageError(f"under Gamma noise the steps must divide {self.steps}, got {steps}")
        return _Steps(self, steps)


@cache
def _signal(process: DDPM) -> Tensor:
    """abar of every step."""
    scheduler: Any = DDPMScheduler(process.steps, process.beta_start, process.beta_end, process.schedule)
    return scheduler.alphas_cumprod


_Base: Any = DDIMScheduler


class _Steps(_Base):
    """diffusers' DDIM with all of its noise, eta 1, which is drawn from Gamma."""

    def __init__(self, process: GammaDDPM, steps: int) -> None:
        super().__init__(
            process.steps,
            process.beta_start,
            process.beta_end,
            process.schedule,
            clip_sample=process.clip is not None,
            clip_sample_range=process.clip or 1.0,
            prediction_type=process.prediction,
            timestep_spacing="trailing",
        )
        self.process, self.hop = process, process.steps // steps
        self.set_timesteps(steps)

    def step(
        self,
        model_output: Tensor,
        timestep: Any,
        sample: Tensor,
        generator: Sequence[torch.Generator] = (),
        return_dict: bool = False,
    ) -> Any:
        """One step, with a generator for each clip."""
        following = int(timestep) - self.hop
        noise = torch.zeros_like(sample)
        if following >= 0:
            kbar = self.process.kbar(following)
            noise = torch.stack([gamma_noise(kbar, sample.shape[1:], rng) for rng in generator]).to(sample)
        return super().step(
            model_output, timestep, sample, eta=1.0, variance_noise=noise, return_dict=return_dict
        )
