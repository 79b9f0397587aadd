"""Training steps of all generators: what is trained is a `Task`; `loop.py` takes the steps.

Step n draws its examples and its randomness from (seed, n) alone, so that a run that was cut and resumed ends
where an undisturbed one ends on the same machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.files import atomic_path
from echodfkd.students.runtime import pick_device
from echodfkd.synth.diffusion.networks import out_of_memory

Row = dict[str, float]
Losses = dict[str, Tensor]  # what is minimised is their sum


@dataclass(frozen=True)
class Recipe:
    """How long and how fast.

    Attributes:
        steps: of the optimiser. batch: examples a step.
        rate: AdamW's highest learning rate; rises over `warmup` steps, then falls as a cosine.
        average: decay of the running average of the weights, which is what is kept.
        clip: norm that gradients are cut to. precision: accelerate's, "no", "fp16" or "bf16".
        note_every, show_every, save_every: steps between rows, sample grids and checkpoints.
    """

    steps: int
    batch: int
    rate: float = 1e-3
    warmup: int = 200
    decay: float = 1e-4
    average: float = 0.995
    clip: float = 1.0
    seed: int = 0
    precision: str = "no"
    note_every: int = 100
    show_every: int = 1000
    save_every: int = 200


class Task(Protocol):
    """What to train.

    Attributes:
        network: its weights are averaged and kept. critic: a network that is trained against it, or None.
    """

    network: nn.Module
    critic: nn.Module | None

    def batch(self, step: int, count: int) -> dict[str, Tensor]:
        """Examples of a step, from the step's number alone."""
        ...

    def losses(self, batch: Mapping[str, Tensor], step: int, rng: torch.Generator) -> Losses:
        """Named losses of a batch on the network's device; each already has its weight."""
        ...

    def critic_loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Of the critic, on the batch that `losses` saw last."""
        ...

    def pictures(self) -> Tensor | None:
        """A grid to look at, float (1, H, W) in 0..1, made with the averaged weights."""
        ...


class Training:
    """A task under way, in one process: network, critic, optimisers, average, step.

    Raises:
        UsageError: for a device that the machine does not have.
        EchoError: for a precision that it does not have.
    """

    def __init__(self, task: Task, recipe: Recipe, device: str = "auto") -> None:
        from accelerate import Accelerator

        cpu = pick_device(device).type == "cpu"
        try:
            self.accelerator = Accelerator(mixed_precision=recipe.precision, cpu=cpu)
        except ValueError as error:
            raise EchoError(f"this machine cannot train in {recipe.precision!r}: {error}") from error
        self.task, self.recipe, self.step = task, recipe, 0
        self.network, self.optimiser = self._prepared(task.network)
        self.critic: Any = None
        self.critics: Any = None
        if task.critic is not None:
            self.critic, self.critics = self._prepared(task.critic)
        self.average = EMAModel(task.network.parameters(), recipe.average, use_ema_warmup=True, power=0.75)
        self.average.to(self.accelerator.device)
        self.rates = get_scheduler(
            "cosine", self.optimiser, num_warmup_steps=recipe.warmup, num_training_steps=recipe.steps
        )

    def _prepared(self, network: nn.Module) -> tuple[Any, Any]:
        options = {"lr": self.recipe.rate, "weight_decay": self.recipe.decay, "betas": (0.9, 0.99)}
        optimiser = torch.optim.AdamW(network.parameters(), **options)  # type: ignore[arg-type]
        return self.accelerator.prepare(network, optimiser)

    def learn(self) -> Row:
        """One step; its losses.

        Raises:
            EchoError: when the training diverged, or the device has too little memory.
        """
        try:
            return self._learn()
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            batch = self.recipe.batch
            raise EchoError(f"the device is out of memory: lower --batch (it is {batch})") from error

    def _learn(self) -> Row:
        accelerator, recipe = self.accelerator, self.recipe
        batch = {
            name: value.to(accelerator.device)
            for name, value in self.task.batch(self.step, recipe.batch).items()
        }
        rng = torch.Generator().manual_seed(_mixed(recipe.seed, self.step))
        torch.manual_seed(rng.initial_seed())  # of what draws by itself: dropout
        self.network.train()
        with accelerator.autocast():
            losses = self.task.losses(batch, self.step, rng)
            total = torch.stack([*losses.values()]).sum()
        if not bool(torch.isfinite(total)):
            raise EchoError(f"the training diverged at step {self.step}: try a lower --rate")
        self._improve(self.network, self.optimiser, total)
        self.rates.step()
        self.average.step(self.task.network.parameters())
        row = {name: float(loss.detach()) for name, loss in losses.items()}
        if self.critic is not None:
            with accelerator.autocast():
                judged = self.task.critic_loss(batch)
            self._improve(self.critic, self.critics, judged)
            row["critic"] = float(judged.detach())
        self.step += 1
        return row

    def _improve(self, network: Any, optimiser: Any, loss: Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        if loss.requires_grad:
            self.accelerator.backward(loss)
            self.accelerator.clip_grad_norm_(network.parameters(), self.recipe.clip)
            optimiser.step()

    def averaged(self) -> "_Averaged":
        """A context in which the task's network has the averaged weights, in evaluation mode."""
        return _Averaged(self)

    def save(self, path: Path) -> None:
        """Write all that a resumed run needs."""
        state = {name: part.state_dict() for name, part in self._parts().items()} | {"step": self.step}
        with atomic_path(path) as temporary:
            torch.save(state, temporary)

    def load(self, path: Path) -> None:
        """Go on where `save` was called.

        Raises:
            EchoError: when the file is damaged or of another network.
        """
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self.step = int(state["step"])
        except Exception as error:  # torch's own errors are of many kinds
            raise EchoError(
                f"{path} is damaged or of another run ({error}): delete it to start anew"
            ) from error
        self.average.to(self.accelerator.device)

    def _parts(self) -> dict[str, Any]:
        parts = {"network": self.task.network, "optimiser": self.optimiser, "rates": self.rates}
        parts["average"] = self.average
        if self.accelerator.scaler is not None:  # of fp16
            parts["scaler"] = self.accelerator.scaler
        if self.critic is not None:
            parts |= {"critic": self.task.critic, "critics": self.critics}
        return parts


class _Averaged:
    def __init__(self, training: Training) -> None:
        self.average, self.network = training.average, training.task.network

    def __enter__(self) -> nn.Module:
        self.average.store(self.network.parameters())
        self.average.copy_to(self.network.parameters())
        return self.network.eval()

    def __exit__(self, *_: object) -> None:
        self.average.restore(self.network.parameters())


def _mixed(*numbers: int) -> int:
    """A seed of several numbers that no two tuples are likely to share."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
