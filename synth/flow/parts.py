"""Few-step and one-step video: rectified flow on latents, told the masks of every frame.

Shortcut models (Frans et al. 2024, arXiv 2410.12557): the network is also told how far the next step goes,
and learns that one long step must lead where two halves of it lead. So the same weights sample in 64 steps,
in a few, or in one. The bar is EchoFlow (arXiv 2503.22357) and EchoLVFM (arXiv 2603.13967).
"""

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import Tensor, nn

from echodfkd.synth.diffusion.conditions import Conditioner, dropped
from echodfkd.synth.diffusion.corpus import Shape
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import Flow, Noised, shaped
from echodfkd.synth.diffusion.run import Material, Part
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import CLEAN, INSIDE, Denoising, masks, weighted
from echodfkd.synth.diffusion.training import Losses, Recipe, Task
from echodfkd.synth.echonet_synthetic.parts import SHAPE, SOURCE, left

CLASSES = 5  # of a mask beside the background
FACTOR = 8  # of the codec
FINEST = 64  # steps: a step of 1/64 counts as infinitely short
SHARE = 4  # one batch in so many learns that long steps lead where short ones lead
STEP = Conditioner("step", "embedding", 1)


def told(length: float) -> float:
    """What the network is told of a step's length, a share of the whole way; 0 for the shortest."""
    return 0.0 if length <= 1 / FINEST else 1000 * length


def denoiser(channels: tuple[int, int] = (32, 64)) -> Denoiser:
    """A small video model told the tissues in each square of 8 x 8 pixels of every frame."""
    network: Any = UNetSpatioTemporalConditionModel(
        in_channels=4 + CLASSES,
        out_channels=4,
        sample_size=14,
        block_out_channels=channels,
        down_block_types=("DownBlockSpatioTemporal", "CrossAttnDownBlockSpatioTemporal"),
        up_block_types=("CrossAttnUpBlockSpatioTemporal", "UpBlockSpatioTemporal"),
        layers_per_block=1,
        num_attention_heads=(4, 4),
        cross_attention_dim=8,
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=32,
    )
    return denoiser_of(network)


def denoiser_of(network: Any) -> Denoiser:
    """The denoiser of such a network."""
    return Denoiser(network, (Conditioner("mask", "concat", CLASSES, drop=0.1), STEP), multiple=2)


class Shortcut(Denoising):
    """Teaches a denoiser a flow at every length of step."""

    def losses(self, batch: Mapping[str, Tensor], step: int, rng: torch.Generator) -> Losses:
        """Of three batches in four the flow's own; of the fourth, that of agreeing with two half steps."""
        if step % SHARE < SHARE - 1:
            return {**super().losses(batch, step, rng), "shortcut": batch[CLEAN].new_zeros(())}
        clean = batch[CLEAN]
        count = len(clean)
        half = 0.5 ** torch.randint(1, FINEST.bit_length(), (count,), generator=rng)  # 1/2 .. 1/64
        places = torch.floor(torch.rand(count, generator=rng) / (2 * half)) + 1
        share = 2 * half * places  # of noise at the start of the long step, a multiple of its length
        noise = self.noise(clean, rng)
        wide = shaped(share, clean)
        sample = (1 - wide) * clean + wide * noise
        values = dropped(self.denoiser.conditioners, self._values(batch), rng)
        with torch.no_grad():
            short = values | {"step": _told(half, clean)}
            first = self._velocity(sample, share, short)
            between = sample - shaped(half, clean) * first
            second = self._velocity(between, share - half, short)
        goal = Noised(sample, 1000 * share, (first + second) / 2, torch.ones(count))
        output = self._velocity(sample, share, values | {"step": _told(2 * half, clean)})
        return {"loss": clean.new_zeros(()), "shortcut": weighted(output, goal, batch[INSIDE])}

    def _values(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {c.name: batch[c.name] for c in self.denoiser.conditioners}

    def _velocity(self, sample: Tensor, share: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        return self.denoiser(sample, (1000 * share).to(sample), values)


def _told(lengths: Tensor, like: Tensor) -> Tensor:
    return torch.tensor([[told(float(length))] for length in lengths]).to(like)


def _shortest(_: object, which: Any, __: object) -> Tensor:
    return torch.zeros(len(which), 1)


def _task(material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    assert material.codec is not None
    latents = material.corpus.latents(material.codec, material.key, material.track)
    tellers = {"mask": masks(FACTOR, CLASSES), "step": _shortest}
    sampling = Sampling(FINEST, "euler")
    seed = material.recipe.seed
    return Shortcut(
        denoiser(), Flow(), material.corpus, latents, tellers, sampling, material.codec, seed=seed
    )


def _left(task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    own, facts = left(task, material)
    return own, {**facts, "size": material.corpus.shape.size}


PARTS = {
    "": Part(
        "flow",
        Shape(SHAPE.frames, SHAPE.fps, SHAPE.size),
        Recipe(6000, 4, 6e-4, average=0.999),
        _task,
        _left,
        SOURCE,
    ),
}
