"""Stochastic Heun for EDM (Karras et al. 2022, algorithm 2), which diffusers lacks: two slopes a step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor


@dataclass(frozen=True)
class Churn:
    """How much fresh noise a step adds: S_churn, S_tmin, S_tmax and S_noise of the paper."""

    churn: float = 80.0
    lowest: float = 0.05
    highest: float = 50.0
    noise: float = 1.003

    def gamma(self, sigma: float, steps: int) -> float:
        """By what share sigma grows before a step."""
        inside = self.lowest <= sigma <= self.highest
        return min(self.churn / steps, sqrt(2) - 1) if inside else 0.0


def heun(
    network: Callable[[Tensor, Tensor], Tensor],
    scheduler: Any,
    sample: Tensor,
    start: int,
    rngs: Sequence[torch.Generator],
    churn: Churn,
) -> Iterator[Tensor]:
    """Yield the sample after each step from number `start` to the end; the last one is free of noise.

    Args:
        network: (input scaled by c_in, c_noise) -> raw output.
        scheduler: an EDMEulerScheduler with its timesteps set; its sigmas and preconditioning are used.
        sample: (B, C, T, h, w), its noise of standard deviation scheduler.sigmas[start].
        rngs: one generator for each clip.
    """

    def denoised(noisy: Tensor, sigma: float) -> Tensor:
        scale = torch.tensor(sigma, dtype=torch.float64)
        time = scheduler.precondition_noise(scale).to(noisy)
        raw = network(scheduler.precondition_inputs(noisy, sigma), time)
        return scheduler.precondition_outputs(noisy, raw, sigma)

    sigmas = [float(sigma) for sigma in scheduler.sigmas]
    for sigma, following in zip(sigmas[start:], sigmas[start + 1 :], strict=False):
        gamma = churn.gamma(sigma, len(sigmas) - 1)
        higher = sigma * (1 + gamma)
        if gamma:
            fresh = randn_tensor(sample.shape, generator=[*rngs], device=sample.device, dtype=sample.dtype)
            sample = sample + sqrt(higher**2 - sigma**2) * churn.noise * fresh
        slope = (sample - denoised(sample, higher)) / higher
        step = sample + (following - higher) * slope
        if following > 0:  # the second slope, where the step leads to
            second = (step - denoised(step, following)) / following
            step = sample + (following - higher) * (slope + second) / 2
        sample = step
        yield sample
