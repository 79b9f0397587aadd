"""Who the students of scripts/students_table.py are, and how a step of each is.

B clips, T frames of H x W pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from table_clips import WINDOW
from torch import Tensor, nn

from echodfkd.distill.data import Masks
from echodfkd.distill.loop import Recipe, Trainer
from echodfkd.distill.losses import soft_bce
from echodfkd.files import atomic_path

OURS = ("micro", "tiny", "default")
PUBLISHED = tuple(f"convlstm-{blocks}{layers}" for blocks in range(1, 5) for layers in range(1, 5))


class Learner(Protocol):
    """A network in training. `step` counts the steps done."""

    step: int

    def learn(self, frames: Tensor, taught: Tensor) -> float:
        """One step on uint8 (B, T, H, W) frames and the teacher's soft masks of that shape; the loss."""
        ...

    def trained(self) -> nn.Module:
        """The network to keep."""
        ...

    def save(self, path: Path) -> None:
        """Write everything that going on needs."""
        ...

    def load(self, path: Path) -> None:
        """Go on from such a file."""
        ...


class Published:
    """EchoDFKD's loop (arXiv 2409.07566): Adam 1e-3, cross-entropy to the soft mask, no augmentation."""

    def __init__(self, network: nn.Module, steps: int, seed: int) -> None:
        self.network = network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
        self.step = 0

    def learn(self, frames: Tensor, taught: Tensor) -> float:
        """See `Learner`."""
        loss = soft_bce(self.network(frames[:, :, None].float()), taught[:, :, None].float() / 255)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())

    def trained(self) -> nn.Module:
        """The network as it stands."""
        return self.network

    def save(self, path: Path) -> None:
        """See `Learner`."""
        parts = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        with atomic_path(path) as temporary:
            torch.save(parts | {"step": self.step}, temporary)

    def load(self, path: Path) -> None:
        """See `Learner`."""
        parts = torch.load(path, weights_only=True)
        self.network.load_state_dict(parts["network"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.step = int(parts["step"])


class Unchanged(nn.Module):
    """In the place of the loop's augmentation."""

    def forward(self, frames: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Both as they are."""
        return frames, target


class Ours:
    """This project's loop (echodfkd/distill/loop.py), set for few frames."""

    def __init__(self, network: nn.Module, steps: int, seed: int) -> None:
        recipe = Recipe(steps=steps, seed=seed, rate=4e-3, average=0.98, short=0.0)
        self.trainer = Trainer(network, recipe, torch.device("cpu"), None)
        self.trainer.augment = Unchanged()  # type: ignore[assignment]  # a frame seen once needs no variants

    @property
    def step(self) -> int:
        """Steps done."""
        return self.trainer.step

    def learn(self, frames: Tensor, taught: Tensor) -> float:
        """See `Learner`."""
        return self.trainer.learn(frames, Masks(taught=taught))

    def trained(self) -> nn.Module:
        """The average of the weights."""
        return self.trainer.average.module

    def save(self, path: Path) -> None:
        """See `Learner`."""
        self.trainer.save(path)

    def load(self, path: Path) -> None:
        """See `Learner`."""
        self.trainer.load(path)


@dataclass(frozen=True)
class Learning:
    """A way to learn.

    Attributes:
        make: a learner of a network, steps and a seed. window: frames at once. batch: clips at once.
    """

    make: Callable[[nn.Module, int, int], Learner]
    window: int
    batch: int


RECIPES: dict[str, Learning] = {"published": Learning(Published, WINDOW, 2), "ours": Learning(Ours, 5, 2)}


def asked(name: str) -> tuple[str, str]:
    """Architecture and recipe of a name.

    >>> asked("tiny"), asked("convlstm-22"), asked("tiny@published")
    (('tiny', 'ours'), ('convlstm-22', 'published'), ('tiny', 'published'))
    """
    architecture, _, recipe = name.partition("@")
    return architecture, recipe or ("published" if architecture in PUBLISHED else "ours")
