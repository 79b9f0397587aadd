"""The one sampler: a scheduler's loop with guidance, windows, a given start, a generator per clip."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import torch
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from echodfkd.errors import EchoError, UsageError
from echodfkd.progress import Track, silent
from echodfkd.synth.diffusion.conditions import Values, nulled
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.heun import Churn, heun
from echodfkd.synth.diffusion.process import Process
from echodfkd.synth.diffusion.windows import Windowed

Raw = Callable[[Tensor, Tensor], Tensor]  # (scaled input, time) -> a network's raw output


@dataclass(frozen=True)
class Sampling:
    """How to sample.

    Attributes:
        steps: of the whole schedule. solver: one of the process's.
        guidance: 1 takes the denoiser at its word; above, further from what it says untold.
        start: number of the step at which an `init` clip comes in (SDEdit, Meng et al. 2022); without such a
            clip, all steps are taken.
        window, hop: in frames; None takes the clip whole.
        batch: windows that go through the network at once.
        churn: of the stochastic Heun.
    """

    steps: int = 64
    solver: str = "heun"
    guidance: float = 1.0
    start: int = 0
    window: int | None = None
    hop: int | None = None
    batch: int = 4
    churn: Churn = field(default=Churn())


class Sampler:
    """Makes clips with a denoiser.

    Args:
        denoiser: in evaluation mode. process: that it was trained for. sampling: how.

    Raises:
        UsageError: when steps and start do not fit, or guidance is asked of a denoiser that was told
            everything all through its training.
    """

    def __init__(self, denoiser: Denoiser, process: Process, sampling: Sampling) -> None:
        if not 0 <= sampling.start < sampling.steps:
            raise UsageError(f"start step {sampling.start} is not among the {sampling.steps} steps")
        if sampling.guidance != 1 and not any(c.drop > 0 for c in denoiser.conditioners):
            raise UsageError("guidance needs a network that learned to do without a condition")
        self.denoiser, self.process, self.sampling = denoiser, process, sampling
        self.scheduler = self._scheduler()

    @torch.no_grad()
    def sample(
        self,
        shape: Sequence[int],
        values: Values,
        rngs: Sequence[torch.Generator],
        init: Tensor | None = None,
        track: Track = silent,
    ) -> Tensor:
        """Clips (B, C, T, h, w) of a shape, each from its own generator alone.

        Args:
            shape: of the clips. values: by conditioner, on the denoiser's device.
            rngs: a generator for each clip, on the CPU.
            init: clean clips to start from, whole even where there are windows; else pure noise.

        Raises:
            EchoError: when the network's output is not finite.
        """
        device = next(self.denoiser.parameters()).device
        self.scheduler = self._scheduler()  # schedulers remember how far they went
        noise = randn_tensor(tuple(shape), generator=[*rngs], device=device)
        start = self.sampling.start if init is not None else 0
        steps = self._steps(self.begin(noise, init), self._model(values), rngs, start)
        sample = deque(track(steps, "sampling", self.sampling.steps - start), maxlen=1)[0]
        if not bool(torch.isfinite(sample).all()):
            raise EchoError("the sampled clip is not finite: are these the right weights?")
        return sample

    def _scheduler(self) -> Any:
        return self.process.scheduler(self.sampling.solver, self.sampling.steps)

    def begin(self, noise: Tensor, init: Tensor | None) -> Tensor:
        """What the sampler starts from: noise of exactly the size that the network is told of, on `init`."""
        if init is None:
            edm = hasattr(self.scheduler, "precondition_noise")  # diffusers' own scale is sqrt(sigma^2 + 1)
            return noise * float(self.scheduler.sigmas[0]) if edm else noise
        time = self.scheduler.timesteps[self.sampling.start : self.sampling.start + 1].to(noise.device)
        if hasattr(self.scheduler, "scale_noise"):
            return self.scheduler.scale_noise(init, time, noise)
        return self.scheduler.add_noise(init, noise, time.expand(len(noise)))

    def _steps(
        self, sample: Tensor, model: Raw, rngs: Sequence[torch.Generator], start: int
    ) -> Iterator[Tensor]:
        if self.sampling.solver == "heun":
            return heun(model, self.scheduler, sample, start, rngs, self.sampling.churn)
        return _through(self.scheduler, model, sample, start, rngs)

    def _model(self, values: Values) -> Raw:
        """The guided network on whole clips: (input, time) -> raw output."""
        sampling, told = self.sampling, self.denoiser.conditioners
        whole: Any = self.denoiser
        if sampling.window is not None:
            hop = sampling.hop or sampling.window
            whole = Windowed(self.denoiser, told, sampling.window, hop, sampling.batch)

        def guided(noisy: Tensor, time: Tensor) -> Tensor:
            times = time.to(noisy).expand(len(noisy))
            output = whole(noisy, times, values)
            if sampling.guidance == 1.0:
                return output
            untold = whole(noisy, times, nulled(told, values))
            return untold + sampling.guidance * (output - untold)

        return guided


def _through(
    scheduler: Any,
    model: Raw,
    sample: Tensor,
    start: int,
    rngs: Sequence[torch.Generator],
) -> Iterator[Tensor]:
    """Step through a diffusers scheduler from number `start`."""
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start)
    drawn = {"generator": [*rngs]} if "generator" in signature(scheduler.step).parameters else {}
    for time in scheduler.timesteps[start:]:
        scaled = (
            scheduler.scale_model_input(sample, time) if hasattr(scheduler, "scale_model_input") else sample
        )
        output = model(scaled, time)
        sample = scheduler.step(output, time, sample, return_dict=False, **drawn)[0]
        yield sample
