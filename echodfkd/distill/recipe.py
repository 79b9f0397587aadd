"""How a network is trained: every number of it, and the presets."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import torch

from echodfkd.distill.features import FEATURE_LOSSES
from echodfkd.distill.losses import LOSSES
from echodfkd.errors import UsageError, unknown_name

WINDOW = 8  # frames that a student sees at once while it learns

SCHEDULES: dict[str, Callable[[float], float]] = {  # share of the steps done -> share of the peak rate
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
    "linear": lambda done: 1 - done,
    "constant": lambda done: 1.0,
}
PRECISIONS: dict[str, torch.dtype | None] = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def warm_up(step: int, steps: int, warmup: int) -> float:
    """Share of the rate at a step: linear over `warmup` steps, at most a fifth of all, then 1.

    >>> warm_up(0, 1000, 100), warm_up(99, 1000, 100), warm_up(0, 10, 100)
    (0.01, 1.0, 0.5)
    """
    return min(1.0, (step + 1) / max(1, min(warmup, steps // 5)))


def _mask_loss() -> dict[str, float]:
    return {"bce": 1.0, "dice": 0.5}


@dataclass(frozen=True)
class Recipe:
    """How long and how hard to train.

    Attributes:
        steps: optimiser steps. batch: clips a step, over all processes. rate: peak learning rate (AdamW).
        decay: weight decay; 0 makes it Adam. warmup: steps of linear warm-up, at most a fifth of all.
        schedule: of the rate after the warm-up, a name of `SCHEDULES`.
        average: decay of the weight average that is kept in the end; 0 keeps the weights as they are.
        exact: weight of exact masks in a target where a teacher is there too (Hinton et al. 2015); binary
            cross-entropy is linear in its target, so mixing targets is mixing losses.
        short: share of steps on single frames, so that stills work too.
        window: frames of a clip that are seen at once.
        losses: name in `LOSSES` or `FEATURE_LOSSES` -> weight.
        clip_norm: largest norm of the gradient; 0 leaves it as it is.
        augment: whether to warp, shade and blur clips, alike over a clip's frames.
        precision: "fp32", or "bf16" or "fp16" for mixed precision.
        patience: evaluations without a better agreement on held-out clips after which the run stops and the
            best weights are kept; 0 trains to the end and keeps the last.
        save_every, eval_every: in steps.

    Raises:
        UsageError: for an unknown loss, schedule or precision, or losses that add up to nothing.
    """

    steps: int = 2000
    batch: int = 4
    rate: float = 2e-3
    decay: float = 1e-2
    warmup: int = 100
    schedule: str = "cosine"
    average: float = 0.995
    exact: float = 0.0
    short: float = 0.1
    window: int = WINDOW
    losses: Mapping[str, float] = field(default_factory=_mask_loss)
    clip_norm: float = 1.0
    augment: bool = True
    precision: str = "fp32"
    patience: int = 0
    seed: int = 0
    workers: int = 1
    save_every: int = 250
    eval_every: int = 250

    def __post_init__(self) -> None:
        for name in self.losses:
            if name not in {**LOSSES, **FEATURE_LOSSES}:
                raise unknown_name("loss", name, [*LOSSES, *FEATURE_LOSSES])
        if not any(weight > 0 for name, weight in self.losses.items() if name in LOSSES):
            raise UsageError(f"a student needs a loss on its mask: one of {', '.join(LOSSES)} above 0")
        for what, value, known in (
            ("schedule", self.schedule, list(SCHEDULES)),
            ("precision", self.precision, list(PRECISIONS)),
        ):
            if value not in known:
                raise unknown_name(what, value, known)

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        return (
            self.rate * warm_up(step, self.steps, self.warmup) * SCHEDULES[self.schedule](step / self.steps)
        )

    @property
    def feature_losses(self) -> dict[str, float]:
        """Those of the losses that need the teacher's features."""
        return {name: weight for name, weight in self.losses.items() if name in FEATURE_LOSSES and weight > 0}


RECIPES: dict[str, dict[str, object]] = {  # name -> what it says otherwise than `Recipe`
    "default": {},
    # EchoDFKD (arXiv 2409.07566): Adam, BCE on soft masks, windows of 25 frames, patience of 10 evaluations
    "echodfkd": {
        "batch": 32,
        "rate": 1e-3,
        "decay": 0.0,
        "warmup": 0,
        "schedule": "constant",
        "average": 0.0,
        "short": 0.0,
        "window": 25,
        "losses": {"bce": 1.0},
        "clip_norm": 0.0,
        "augment": False,
        "patience": 10,
    },
    # what the mask alone does not tell: how sure the teacher is, where it looks, where the boundary runs
    "rich": {
        "losses": {"bce": 1.0, "dice": 0.5, "kl": 0.5, "boundary": 0.2, "temporal": 1.0, "attention": 1.0}
    },
}


def losses_of(words: Iterable[str]) -> dict[str, float]:
    """Weights of losses written as NAME=WEIGHT, or NAME for a weight of 1.

    Raises:
        UsageError: for what is neither.

    >>> losses_of(["bce", "kl=0.5"])
    {'bce': 1.0, 'kl': 0.5}
    """
    found = {}
    for word in words:
        name, _, weight = word.partition("=")
        try:
            found[name] = float(weight or 1)
        except ValueError:
            found[name] = math.nan
        if not 0 <= found[name] < math.inf:
            raise UsageError(f"--loss {word}: write NAME=WEIGHT with a weight of 0 or more, say kl=0.5")
    return found


def preset(name: str, **changes: object) -> Recipe:
    """A preset with some of its numbers changed; a change of None is none.

    Raises:
        UsageError: for an unknown name.

    >>> preset("echodfkd", batch=2).window
    25
    """
    if name not in RECIPES:
        raise unknown_name("recipe", name, list(RECIPES))
    chosen = {key: value for key, value in changes.items() if value is not None}
    return Recipe(**{**RECIPES[name], **chosen})  # type: ignore[arg-type]
