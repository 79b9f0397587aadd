"""Training simclip: every picture is contrasted with all texts of a group, and names its cells."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset

from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.simclip.captions import GROUPS
from echodfkd.eval.auxiliary.simclip.network import SimClipNetwork
from echodfkd.eval.auxiliary.simclip.samples import PictureBatches, Pictures
from echodfkd.eval.auxiliary.simclip.words import tokens
from echodfkd.files import atomic_path
from echodfkd.progress import Track, silent

KEEP_EVERY = 100  # steps between checkpoints
CELLS = 4.0  # weight of the cells' loss


@dataclass(frozen=True)
class Recipe:
    """How simclip learns.

    Attributes:
        steps: optimiser steps. batch: pictures a step. rate: peak learning rate (AdamW).
        decay: of the weights.
    """

    steps: int = 6000
    batch: int = 24
    rate: float = 2e-3
    decay: float = 0.03
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: 60 steps of warm-up, constant, and a straight fall over the last 30%."""
        return self.rate * min(1.0, (step + 1) / 60, (self.steps - step) / (0.3 * self.steps))


@dataclass
class State:
    """Where a training stands."""

    network: SimClipNetwork
    optimiser: torch.optim.Optimizer
    step: int = 0

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        content = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        with atomic_path(path) as temporary:
            torch.save(content | {"step": self.step}, temporary)

    def load(self, path: Path) -> None:
        """Go back to where it was. Raises EchoError when the file is damaged."""
        try:
            content = torch.load(path, weights_only=True)
            self.network.load_state_dict(content["network"])
            self.optimiser.load_state_dict(content["optimiser"])
            self.step = int(content["step"])
        except Exception as error:  # of zip, pickle and torch: kinds differ
            reason = str(error).splitlines()[0][:120]
            raise EchoError(f"{path} is damaged ({reason}): delete it and start again") from error


def begin(recipe: Recipe, **options: Any) -> State:
    """A training before its first step; `options` go to `SimClipNetwork`."""
    torch.manual_seed(recipe.seed)
    network = SimClipNetwork(**options).train().to(memory_format=torch.channels_last)  # a quarter faster
    return State(network, torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay))


def fit(
    state: State, batches: PictureBatches, recipe: Recipe, checkpoint: Path, track: Track = silent
) -> Iterator[dict[str, float]]:
    """Train to the end of the recipe; a checkpoint and a row of losses every `KEEP_EVERY` steps.

    Raises:
        EchoError: when the training diverges or the disk is full.
    """
    left = range(state.step, recipe.steps)
    losses: list[dict[str, float]] = []
    loader = DataLoader(Subset(batches, left), batch_size=None, num_workers=0)
    for step, batch in track(zip(left, loader, strict=True), "training simclip", len(left)):
        losses.append(_step(state, batch, recipe.rate_at(step), step))
        state.step = step + 1
        if state.step % KEEP_EVERY == 0 or state.step == recipe.steps:
            state.save(checkpoint)
            yield {"step": float(state.step)} | _means(losses)
            losses = []


def _step(state: State, batch: Pictures, rate: float, step: int) -> dict[str, float]:
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    parts = losses_of(state.network, batch, step)
    total = sum((_weight(name) * value for name, value in parts.items()), torch.zeros(()))
    if not bool(torch.isfinite(total)):
        raise EchoError(f"training diverged: the loss of step {step} is not finite")
    state.optimiser.zero_grad()
    total.backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
    state.optimiser.step()
    return {name: float(value.detach()) for name, value in parts.items()}


def _weight(name: str) -> float:
    return CELLS if name == "cells" else GROUPS[name].weight


def losses_of(network: SimClipNetwork, batch: Pictures, template: int) -> dict[str, Tensor]:
    """Cross-entropy of each group whose answer is known, by group, and that of the cells.

    Args:
        template: number of the wording that texts are put in.
    """
    texts = [group.texts(template) for group in GROUPS.values()]
    pictures = torch.as_tensor(batch.frames)[:, None].float()
    logits, cells = network(pictures, tokens([text for group in texts for text in group]))
    parts = {"cells": F.binary_cross_entropy_with_logits(cells, torch.as_tensor(batch.cells))}
    start = 0
    for name, group in zip(GROUPS, texts, strict=True):
        true = torch.as_tensor(batch.labels[name])
        found = F.log_softmax(logits[:, start : start + len(group)], 1)
        start += len(group)
        if bool(true.any()):
            parts[name] = -(true * found).sum() / true.sum()
    return parts


def _means(losses: list[dict[str, float]]) -> dict[str, float]:
    names = {name for row in losses for name in row}
    return {n: round(float(np.mean([row[n] for row in losses if n in row])), 4) for n in sorted(names)}
