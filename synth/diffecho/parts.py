"""The parts that can be trained: small models anew, and Stable Diffusion or a ControlNet on it further."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from echodfkd.errors import UsageError
from echodfkd.synth.diffecho.captions import open_stills
from echodfkd.synth.diffecho.network import word_value
from echodfkd.synth.diffecho.small import (
    CONTROLNET,
    PROCESSES,
    SOLVER,
    SYSTEM,
    TEXT,
    UNCONDITIONAL,
    Scale,
    class_network,
    class_value,
    denoiser_of,
    word_network,
)
from echodfkd.synth.diffecho.source import sim_stills
from echodfkd.synth.diffecho.stable import CONTROL, UNET
from echodfkd.synth.diffecho.tuning import tuned
from echodfkd.synth.diffecho.words import Said
from echodfkd.synth.diffusion.codec import Identity
from echodfkd.synth.diffusion.corpus import Array
from echodfkd.synth.diffusion.cuts import Shape
from echodfkd.synth.diffusion.run import Material, Part
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import Denoising
from echodfkd.synth.diffusion.training import Recipe, Task
from echodfkd.synth.echonet_synthetic.parts import left

FPS = 50.0  # nominal: one frame is a picture
OMITTED = 0.15  # share of the stills for which a fact is kept from the network, each fact by itself
GRID_STEPS = 25


class Telling(Denoising):
    """Teaches a small denoiser stills of which some facts are known; `said` holds those of each window."""

    kind: str
    said: Sequence[Said]

    def _examples(self, which: Array, rng: np.random.Generator) -> dict[str, Tensor]:
        found = super()._examples(which, rng)
        known = [self.said[int(one)] for one in which]
        if self.kind == UNCONDITIONAL:
            return found | {"class": class_value(known)}
        return found | {"words": word_value([partly(one, rng) for one in known])}


def partly(said: Said, rng: np.random.Generator) -> Said:
    """What is said, less a fact or two, as prompts leave them out."""
    facts = {name: value for name, value in vars(said).items() if rng.random() >= OMITTED}
    return Said(**facts)


def _task(kind: str, scale: Scale, material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    stills: Any = material.data
    said = [stills.said(name) for name in material.corpus.names]
    if kind == UNCONDITIONAL and not all(one.view and one.phase for one in said):
        raise UsageError(f"{SYSTEM}:{kind} learns four classes: view and phase of all stills must be known")
    if not any(one.words() for one in said):
        raise UsageError("nothing is known of these stills: no view, no phase, no EF")
    network = word_network(scale) if kind == TEXT else class_network(scale)
    sampling, seed = Sampling(GRID_STEPS, SOLVER), material.recipe.seed
    made = denoiser_of(kind, network)
    task = Telling(made, PROCESSES[kind], material.corpus, None, {}, sampling, Identity(), seed=seed)
    task.kind, task.said = kind, said
    return task


def _left(kind: str, task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    own, facts = left(task, material)
    return own, {**facts, "size": material.corpus.shape.size, "variant": kind}


def _only_tuned(*_: Any) -> Any:
    raise UsageError(f"{SYSTEM}:{CONTROLNET} goes on from Stable Diffusion: name its folder with --weights")


def parts(scale: Scale, recipe: Recipe) -> Mapping[str, Part]:
    """All parts, by name; the small networks at a scale."""
    shape = Shape(1, FPS, scale.size)
    found = {
        kind: Part(
            f"{SYSTEM}:{kind}",
            shape,
            recipe,
            partial(_task, kind, scale),
            partial(_left, kind),
            source={"stills": "ed, es", "views": "a2c, a4c"},
            clips=3000,
            codec=False,
            drawer=partial(sim_stills, size=scale.size),
            opened=open_stills,
            tunes=partial(tuned, UNET) if kind == TEXT else None,
        )
        for kind in (TEXT, UNCONDITIONAL)
    }
    found[CONTROLNET] = Part(
        f"{SYSTEM}:{CONTROLNET}",
        shape,
        recipe,
        _only_tuned,
        partial(_left, CONTROLNET),
        codec=False,
        drawer=_only_tuned,
        opened=_only_tuned,
        tunes=partial(tuned, CONTROL),
    )
    return found


PARTS = parts(Scale(), Recipe(6000, 16, 1e-3, average=0.999))
