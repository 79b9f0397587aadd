"""Free-Echo (MICCAI 2024, arXiv 2408.03035): video diffusion that needs no labels to follow a mask.

The network learns clips and their cone alone. A mask then becomes a pseudo-video, which the sampler starts
from, under so much noise that texture is drawn anew while anatomy stays.
"""

from typing import Any

import numpy as np
import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import nn

from echodfkd.synth.diffusion.codec import Identity
from echodfkd.synth.diffusion.conditions import Conditioner
from echodfkd.synth.diffusion.corpus import Shape
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import EDM
from echodfkd.synth.diffusion.run import Material, Part
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import Denoising, cone
from echodfkd.synth.diffusion.training import Recipe, Task
from echodfkd.synth.echonet_synthetic.parts import SHAPE, SOURCE, left

WINDOW = 16  # frames
STEPS = 64
PATCH = 4
GREYS_OF = 400  # clips whose greys are counted
PROCESS = EDM(mean=-0.5, std=1.4)  # not -1.2, 1.2: learns more of the noise that masks start at
TIME_SCALE = 100.0  # of ln(sigma) / 4, so that the sinusoids of the time embedding tell levels apart


def denoiser(channels: tuple[int, ...] = (32, 32, 64)) -> Denoiser:
    """A small video model on squares of 4 x 4 pixels, told the cone beside every frame."""
    network: Any = UNetSpatioTemporalConditionModel(
        in_channels=2 * PATCH**2,
        out_channels=PATCH**2,
        sample_size=28,
        block_out_channels=channels,
        down_block_types=(
            "DownBlockSpatioTemporal",
            "DownBlockSpatioTemporal",
            "CrossAttnDownBlockSpatioTemporal",
        ),
        up_block_types=("CrossAttnUpBlockSpatioTemporal", "UpBlockSpatioTemporal", "UpBlockSpatioTemporal"),
        layers_per_block=1,
        num_attention_heads=(4, 4, 4),
        cross_attention_dim=8,
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=8,
    )
    return denoiser_of(network)


def denoiser_of(network: Any) -> Denoiser:
    """The denoiser of such a network."""
    told = (Conditioner("cone", "concat", 1),)
    return Denoiser(network, told, multiple=4, patch=PATCH, time_scale=TIME_SCALE)


def _task(material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    sampling = Sampling(STEPS, "heun", window=WINDOW, hop=WINDOW // 2)
    return Denoising(
        denoiser(),
        PROCESS,
        material.corpus,
        None,
        {"cone": cone},
        sampling,
        Identity(),
        frames=WINDOW,
        seed=material.recipe.seed,
    )


def _left(task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """The denoiser, its window, and the greys of what it learned, which pseudo-videos are given."""
    corpus = material.corpus
    picks = slice(None, None, max(len(corpus) // GREYS_OF, 1))
    inside = np.broadcast_to(corpus.sector[picks, None] > 0, corpus.frames[picks].shape)
    greys = np.bincount(corpus.frames[picks][inside], minlength=256)
    own, facts = left(task, material)
    return own, {**facts, "size": corpus.shape.size, "window": WINDOW, "greys": greys.tolist()}


PARTS = {
    "": Part(
        "free-echo",
        Shape(SHAPE.frames, SHAPE.fps, SHAPE.size),
        Recipe(6000, 4, 8e-4, average=0.999),
        _task,
        _left,
        SOURCE,
        codec=False,
    ),
}
