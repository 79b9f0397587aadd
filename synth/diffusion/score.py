"""VE and VP (Song et al. 2021) as Karras et al. 2022 write them, table 1: one ODE, other scales and levels.

Both networks tell noise: c_skip is 1, and c_out the level or its negative, so that the loss, weighted by
1 / sigma^2, is the plain squared error of the raw output.
"""

from dataclasses import dataclass, field
from math import log
from typing import Any, Protocol

import torch
from diffusers.schedulers.scheduling_edm_euler import EDMEulerScheduler
from torch import Tensor

from echodfkd.errors import unknown_name
from echodfkd.synth.diffusion.process import Noised, shaped

MOMENTS = 1000  # of the discrete process that VP's networks were first told the time of: M


class Levels(Protocol):
    """What VE and VP differ in. Levels sigma, and shares 0..1 of the way from the lowest to the highest."""

    sign: float  # of c_out / sigma

    def sigma(self, share: Tensor, sampling: bool = False) -> Tensor:
        """The level at a share of the way."""
        ...

    def scale(self, sigma: Tensor) -> Tensor:
        """c_in."""
        ...

    def told(self, sigma: Tensor) -> Tensor:
        """c_noise."""
        ...


class _Score:
    """What both processes are beside their levels."""

    solvers = ("heun", "euler")

    def scheduler(self: Any, solver: str, steps: int) -> Any:
        """Of both; "heun" steps through "euler"'s sigmas, see `heun.py`."""
        if solver not in self.solvers:
            raise unknown_name("solver", solver, list(self.solvers))
        return _Steps(self, steps)

    def noised(self: Any, clean: Tensor, noise: Tensor, rng: torch.Generator) -> Noised:
        """At a level whose share is drawn evenly."""
        sigma = self.sigma(torch.rand(len(clean), generator=rng))
        sample = shaped(self.scale(sigma), clean) * (clean + shaped(sigma, clean) * noise)
        return Noised(sample, self.told(sigma), -self.sign * noise, torch.ones_like(sigma))


@dataclass(frozen=True)
class VE(_Score):
    """Variance exploding: levels in geometric steps, the picture never scaled."""

    sigma_min: float = 0.02
    sigma_max: float = 100.0
    sign: float = field(default=1.0, init=False, repr=False)

    def sigma(self, share: Tensor, sampling: bool = False) -> Tensor:
        """sigma_min (sigma_max / sigma_min)^share."""
        return torch.exp(log(self.sigma_min) + share * log(self.sigma_max / self.sigma_min))

    def scale(self, sigma: Tensor) -> Tensor:
        """1."""
        return torch.ones_like(sigma)

    def told(self, sigma: Tensor) -> Tensor:
        """ln (sigma / 2)."""
        return torch.log(sigma / 2)


@dataclass(frozen=True)
class VP(_Score):
    """Variance preserving: sigma^2 + 1 = exp(beta_d t^2 / 2 + beta_min t), the input scaled to unit size.

    Attributes:
        beta_d, beta_min: of the schedule. lowest, lowest_sampled: t where training and sampling end.
    """

    beta_d: float = 19.9
    beta_min: float = 0.1
    lowest: float = 1e-5
    lowest_sampled: float = 1e-3
    sign: float = field(default=-1.0, init=False, repr=False)

    def sigma(self, share: Tensor, sampling: bool = False) -> Tensor:
        """At t, a share of the way from the lowest to 1."""
        lowest = self.lowest_sampled if sampling else self.lowest
        t = lowest + share * (1 - lowest)
        return torch.expm1(self.beta_d * t**2 / 2 + self.beta_min * t).sqrt()

    def scale(self, sigma: Tensor) -> Tensor:
        """1 / sqrt(sigma^2 + 1)."""
        return (sigma**2 + 1).rsqrt()

    def told(self, sigma: Tensor) -> Tensor:
        """(M - 1) t."""
        grown = torch.sqrt(self.beta_min**2 + 2 * self.beta_d * torch.log1p(sigma**2))
        return (MOMENTS - 1) * (grown - self.beta_min) / self.beta_d


class _Steps(EDMEulerScheduler):
    """diffusers' Euler steps through the levels of such a process, with its scales."""

    def __init__(self, levels: Levels, steps: int) -> None:
        self.levels = levels
        super().__init__()
        sigmas = levels.sigma(torch.linspace(1, 0, steps, dtype=torch.float64), sampling=True)
        self.timesteps = levels.told(sigmas).float()
        self.sigmas = torch.cat([sigmas, sigmas.new_zeros(1)]).float()

    def precondition_inputs(self, sample: Tensor, sigma: float | Tensor) -> Tensor:
        """c_in times the sample."""
        return sample * float(self.levels.scale(torch.as_tensor(sigma, dtype=torch.float64)))

    def precondition_noise(self, sigma: float | Tensor) -> Tensor:
        """c_noise."""
        return self.levels.told(torch.as_tensor(sigma))

    def precondition_outputs(self, sample: Tensor, model_output: Tensor, sigma: float | Tensor) -> Tensor:
        """The clean clip: sample + c_out times the output."""
        return sample + self.levels.sign * float(sigma) * model_output
