"""Free-Echo (MICCAI 2024, arXiv 2408.03035): video diffusion that needs no labels to follow a mask.

The network learns clips and their cone alone. A mask then becomes a pseudo-video, which the sampler starts
from, under so much noise that texture is drawn anew while anatomy stays.
"""

from typing import Any

import torch
from diffusers import UNetSpatioTemporalConditionModel

from echodfkd.synth.diffusion.codec import Identity
from echodfkd.synth.diffusion.conditions import Conditioner
from echodfkd.synth.diffusion.corpus import Shape
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import EDM
from echodfkd.synth.diffusion.run import Material, Part
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import Denoising, cone
from echodfkd.synth.diffusion.training import Recipe, Task
from echodfkd.synth.echonet_synthetic import SHAPE, SOURCE, left

WINDOW = 16  # frames
STEPS = 64
PATCH = 4
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
    told = (Conditioner("cone", "concat", 1),)
    return Denoiser(network, told, multiple=4, patch=PATCH, time_scale=TIME_SCALE)


def _task(material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    sampling = Sampling(STEPS, "heun", window=WINDOW, hop=WINDOW // 2)
    return Denoising(
        denoiser(),
        EDM(),
        material.corpus,
        None,
        {"cone": cone},
        sampling,
        Identity(),
        frames=WINDOW,
        seed=material.recipe.seed,
    )


PARTS = {
    "": Part(
        "free-echo",
        Shape(SHAPE.frames, SHAPE.fps, SHAPE.size),
        Recipe(6000, 4, 8e-4, average=0.999),
        _task,
        left,
        SOURCE,
        codec=False,
    ),
}
