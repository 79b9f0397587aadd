"""Who the students of scripts/students_table.py are, and by which recipe each learns."""

from dataclasses import replace

import torch
from table_clips import WINDOW
from torch import nn

from echodfkd.distill.recipe import Recipe, preset
from echodfkd.distill.trainer import Trainer

OURS = ("micro", "tiny", "default")
PUBLISHED = tuple(f"convlstm-{blocks}{layers}" for blocks in range(1, 5) for layers in range(1, 5))

RECIPES: dict[str, Recipe] = {
    "published": preset("echodfkd", batch=2, window=WINDOW, patience=0),  # for as long as there are frames
    # a frame that is seen once needs no variants
    "ours": Recipe(batch=2, window=5, rate=4e-3, average=0.98, short=0.0, augment=False),
}


def learner(network: nn.Module, recipe: Recipe, steps: int, seed: int) -> Trainer:
    """A network about to learn for so many steps."""
    return Trainer(network, replace(recipe, steps=steps, seed=seed), torch.device("cpu"), None)


def asked(name: str) -> tuple[str, str]:
    """Architecture and recipe of a name.

    >>> asked("tiny"), asked("convlstm-22"), asked("tiny@published")
    (('tiny', 'ours'), ('convlstm-22', 'published'), ('tiny', 'published'))
    """
    architecture, _, recipe = name.partition("@")
    return architecture, recipe or ("published" if architecture in PUBLISHED else "ours")
