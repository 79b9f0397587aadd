"""Noise processes: how clips are noised in training, and what a network's raw output then means.

Schedulers are diffusers'; a process says which of them fit it and what loss teaches its network.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from diffusers import (
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EDMDPMSolverMultistepScheduler,
    EDMEulerScheduler,
    FlowMatchEulerDiscreteScheduler,
    UniPCMultistepScheduler,
)
from torch import Tensor

from echodfkd.errors import UsageError, unknown_name


@dataclass(frozen=True)
class Noised:
    """A training example as its network sees it.

    Attributes:
        sample: the network's input (B, C, T, h, w). time: (B,), as the process counts it.
        target: what the output shall be. weight: (B,) of each example's squared error.
    """

    sample: Tensor
    time: Tensor
    target: Tensor
    weight: Tensor


class Process(Protocol):
    """A noise process."""

    @property
    def solvers(self) -> tuple[str, ...]:
        """The names that `scheduler` knows."""
        ...

    def noised(self, clean: Tensor, noise: Tensor, rng: torch.Generator) -> Noised:
        """Training examples of clips and as much unit noise, each at a time drawn from `rng`."""
        ...

    def scheduler(self, solver: str, steps: int) -> Any:
        """A new diffusers scheduler with its timesteps set.

        Raises:
            UsageError: for a solver or a number of steps that this process does not have.
        """
        ...


def shaped(values: Tensor, like: Tensor) -> Tensor:
    """(B,) with as many axes as `like`, on its device."""
    return values.to(like.device).view(-1, *[1] * (like.ndim - 1))


@dataclass(frozen=True)
class EDM:
    """Elucidated diffusion (Karras et al. 2022), preconditioned as diffusers' EDM schedulers do it.

    Attributes:
        sigma_data, sigma_min, sigma_max, rho: of the paper's table 1.
        mean, std: of ln sigma in training (P_mean, P_std).
    """

    sigma_data: float = 0.5
    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0
    mean: float = -1.2
    std: float = 1.2
    solvers: tuple[str, ...] = field(default=("heun", "euler", "dpm"), repr=False)

    def scheduler(self, solver: str, steps: int) -> Any:
        """Of "euler" and "dpm"; "heun" steps through "euler"'s sigmas, see `heun.py`."""
        known: dict[str, Any] = {
            "heun": EDMEulerScheduler,
            "euler": EDMEulerScheduler,
            "dpm": EDMDPMSolverMultistepScheduler,
        }
        if solver not in known:
            raise unknown_name("solver", solver, list(known))
        names = ("sigma_data", "sigma_min", "sigma_max", "rho")
        scheduler = known[solver](**{name: getattr(self, name) for name in names})
        scheduler.set_timesteps(steps)
        return scheduler

    def noised(self, clean: Tensor, noise: Tensor, rng: torch.Generator) -> Noised:
        """The raw output learns (clean - c_skip noisy) / c_out; its error then has the paper's weight, 1."""
        sigma = torch.exp(torch.randn(len(clean), generator=rng) * self.std + self.mean)
        wide, data = shaped(sigma, clean), self.sigma_data
        noisy, total = clean + wide * noise, wide**2 + data**2
        target = (clean - noisy * data**2 / total) * total.sqrt() / (wide * data)
        one = torch.ones_like(sigma)
        return Noised(noisy / total.sqrt(), torch.log(sigma) / 4, target, one)


@dataclass(frozen=True)
class DDPM:
    """Discrete diffusion (Ho et al. 2020) that predicts noise ("epsilon") or velocity ("v_prediction").

    Attributes:
        prediction: what the network predicts. schedule: of the betas, diffusers' name. steps: of training.
        beta_start, beta_end: of the schedule where it has them.
        clip: clean clips that are guessed on the way are clamped to +-clip; None for latents without bounds.
    """

    prediction: str = "v_prediction"
    schedule: str = "linear"
    steps: int = 1000
    beta_start: float = 1e-4
    beta_end: float = 0.02
    clip: float | None = None
    solvers: tuple[str, ...] = field(default=("ddpm", "ddim", "unipc"), repr=False)

    def scheduler(self, solver: str, steps: int) -> Any:
        """Of "ddpm", "ddim" and "unipc"; `clip` is heeded by the first alone.

        DDIM is the first-order DPM-Solver (Lu et al. 2022, section 4.1); diffusers' own steps by whole
        numbers, so that with 64 of 1000 it would tell less noise than is left, and end with some.
        """
        clamped = {"clip_sample": self.clip is not None, "clip_sample_range": self.clip or 1.0}
        known: dict[str, tuple[Any, dict[str, Any]]] = {
            "ddpm": (DDPMScheduler, clamped),
            "ddim": (DPMSolverMultistepScheduler, {"solver_order": 1}),
            "unipc": (UniPCMultistepScheduler, {}),
        }
        if solver not in known:
            raise unknown_name("solver", solver, list(known))
        if steps > self.steps:
            raise UsageError(f"{steps} steps are more than the {self.steps} of the training")
        kind, options = known[solver]
        scheduler = kind(
            num_train_timesteps=self.steps,
            beta_schedule=self.schedule,
            beta_start=self.beta_start,
            beta_end=self.beta_end,
            prediction_type=self.prediction,
            timestep_spacing="trailing",  # so that sampling starts where nothing but noise is left
            **options,
        )
        scheduler.set_timesteps(steps)
        return scheduler

    def noised(self, clean: Tensor, noise: Tensor, rng: torch.Generator) -> Noised:
        """At a step drawn evenly."""
        scheduler = self.scheduler("ddpm", self.steps)
        time = torch.randint(self.steps, (len(clean),), generator=rng)
        noise = self.noise_at(time, noise, rng)
        sample = scheduler.add_noise(clean, noise, time)
        v = self.prediction == "v_prediction"
        target = scheduler.get_velocity(clean, noise, time) if v else noise
        return Noised(sample, time.to(clean.dtype), target, torch.ones(len(clean)))

    def noise_at(self, time: Tensor, noise: Tensor, rng: torch.Generator) -> Tensor:
        """The noise of these steps (B,), given as much Gaussian noise: that itself."""
        return noise


@dataclass(frozen=True)
class Flow:
    """Rectified flow (Liu et al. 2023; Lipman et al. 2023): straight lines from noise to clips.

    Time is 1000 times the share of noise, as diffusers' flow scheduler counts it.

    Attributes:
        mean, std: of the logit of the share of noise in training (Esser et al. 2024, section 3.1).
    """

    mean: float = 0.0
    std: float = 1.0
    solvers: tuple[str, ...] = field(default=("euler",), repr=False)

    def scheduler(self, solver: str, steps: int) -> Any:
        """Of "euler" alone, in equal steps down to no noise at all."""
        if solver not in self.solvers:
            raise unknown_name("solver", solver, list(self.solvers))
        scheduler: Any = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000)
        scheduler.set_timesteps(sigmas=[1 - step / steps for step in range(steps)])  # diffusers stops at .001
        return scheduler

    def noised(self, clean: Tensor, noise: Tensor, rng: torch.Generator) -> Noised:
        """The output learns the velocity, noise - clean."""
        share = torch.sigmoid(torch.randn(len(clean), generator=rng) * self.std + self.mean)
        wide = shaped(share, clean)
        sample = (1 - wide) * clean + wide * noise
        return Noised(sample, 1000 * share, noise - clean, torch.ones_like(share))


PROCESSES: dict[str, type] = {"edm": EDM, "ddpm": DDPM, "flow": Flow}
