"""Both trainings, each resumable; step n depends on (seed, n) alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.files import atomic_path
from echodfkd.pretrain.finetune import batch_of, segmentation_loss
from echodfkd.pretrain.inpaint import flipped, holed, inpainting_loss
from echodfkd.pretrain.network import swin_unetr, with_body
from echodfkd.pretrain.volumes import CLASSES, Volumes
from echodfkd.progress import Track, silent


@dataclass(frozen=True)
class Recipe:
    """The paper's AdamW; `steps` of `batch` clips each, a checkpoint every `save_every`."""

    steps: int
    batch: int = 2
    rate: float = 1e-3
    decay: float = 0.01
    feature_size: int = 12
    seed: int = 0
    save_every: int = 50


Loss = Callable[[nn.Module, int], Tensor]  # (network, step) -> what is minimised


def pretrained(
    clips: Volumes, recipe: Recipe, path: Path, device: torch.device, track: Track = silent
) -> dict[str, Any]:
    """Weights of a network that fills holes in clips, its checkpoint at `path`.

    Raises:
        EchoError: when the checkpoint is damaged or of another recipe, or the training diverges.
    """

    def loss(network: nn.Module, step: int) -> Tensor:
        rng = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
        picks = torch.randint(len(clips), (recipe.batch,), generator=rng)
        whole = flipped(clips.frames[picks], rng)
        return inpainting_loss(network(holed(whole, rng).to(device)), whole.to(device))

    network = swin_unetr(1, recipe.feature_size, recipe.seed).to(device)
    return _fitted(network, loss, recipe, path, track)


def finetuned(
    few: Volumes,
    recipe: Recipe,
    path: Path,
    device: torch.device,
    body: dict[str, Any] | None = None,
    track: Track = silent,
) -> nn.Module:
    """A network that segments, from `body`'s weights or from none. Raises as `pretrained`."""
    criterion = segmentation_loss()

    def loss(network: nn.Module, step: int) -> Tensor:
        frames, labels = batch_of(few, recipe.batch, step, recipe.seed)
        return criterion(network(frames.to(device)), labels.to(device))

    network = swin_unetr(CLASSES, recipe.feature_size, recipe.seed)
    if body is not None:
        with_body(network, body)
    network.load_state_dict(_fitted(network.to(device), loss, recipe, path, track))
    return network


def _fitted(network: nn.Module, loss: Loss, recipe: Recipe, path: Path, track: Track) -> dict[str, Any]:
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
    begun = _resumed(network, optimiser, recipe, path)
    network.train()
    for step in track(range(begun, recipe.steps), path.stem, recipe.steps - begun):
        for group in optimiser.param_groups:  # falls as a cosine
            group["lr"] = recipe.rate * (1 + cos(pi * step / recipe.steps)) / 2
        optimiser.zero_grad(set_to_none=True)
        value = loss(network, step)
        if not bool(torch.isfinite(value)):
            raise EchoError(f"the training of {path.stem} diverged at step {step}")
        value.backward()
        optimiser.step()
        if (step + 1) % recipe.save_every == 0 or step + 1 == recipe.steps:
            with atomic_path(path) as temporary:
                state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
                torch.save(state | {"step": step + 1, "recipe": repr(recipe)}, temporary)
    return network.state_dict()


def _resumed(network: nn.Module, optimiser: torch.optim.Optimizer, recipe: Recipe, path: Path) -> int:
    """The step that an earlier run came to, its state taken up."""
    if not path.is_file():
        return 0
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["recipe"] != repr(recipe):
            raise EchoError(f"{path} is of another recipe: choose another --output")
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        return int(state["step"])
    except EchoError:
        raise
    except Exception as error:  # torch's own errors are of many kinds
        raise EchoError(f"{path} is damaged ({error}): delete it to start anew") from error


def rows(found: dict[str, dict[str, list[float]]]) -> Iterator[str]:
    """Lines of the table in Markdown: {labelled clips: {"with" | "without": Dice of each seed}}.

    >>> print(*rows({"5": {"without": [0.5, 0.7], "with": [0.7, 0.9]}}), sep="\\n")
    | labelled clips | without | with | gain |
    |---|---|---|---|
    | 5 | .600 (.500-.700) | .800 (.700-.900) | +.200 |
    """
    yield "| labelled clips | without | with | gain |"
    yield "|---|---|---|---|"
    for count, each in found.items():
        gain = float(np.mean(each["with"]) - np.mean(each["without"]))
        cells = [_span(each["without"]), _span(each["with"]), _short(f"{gain:+.3f}")]
        yield f"| {count} | {' | '.join(cells)} |"


def _span(values: list[float]) -> str:
    low, high = (_short(f"{value:.3f}") for value in (min(values), max(values)))
    return f"{_short(f'{np.mean(values):.3f}')} ({low}-{high})"


def _short(number: str) -> str:
    return number.replace("0.", ".", 1)
