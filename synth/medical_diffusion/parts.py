"""The parts that can be trained: the 3D VQ-GAN and the 3D DDPM, small ones and those of the paper's size."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import nn

from echodfkd.errors import UsageError
from echodfkd.synth.diffusion.corpus import Shape
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import DDPM
from echodfkd.synth.diffusion.run import Material, Part
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import Denoising
from echodfkd.synth.diffusion.training import Recipe, Task
from echodfkd.synth.echonet_synthetic.parts import left
from echodfkd.synth.medical_diffusion.codec import VolumeVQ, load_volume_codec
from echodfkd.synth.medical_diffusion.task import VolumeAutoencoding, Weights
from echodfkd.synth.medical_diffusion.volumes import open_clips, spacing_of
from echodfkd.synth.medical_diffusion.vqgan import VQGAN3D

SYSTEM = "medical-diffusion"
NOISES = 300  # steps of the training
STEPS, SHOWN_STEPS, SOLVER = 100, 25, "ddpm"  # of the sampling, and of the grids on the way
# Guesses may leave [-1, 1], where 2% of the latents lie.
PROCESS = DDPM("epsilon", "squaredcos_cap_v2", steps=NOISES, clip=1.5)


@dataclass(frozen=True)
class Scale:
    """How large the networks are.

    Attributes:
        shape: of the clips. channels, blocks, codes, width: see `VQGAN3D`. crop: frames and side of the crops
            that it learns. weights: of its losses. critic: channels of the critics.
        unet, layers, heads: levels, blocks of a level and attention heads of the DDPM's network.
        patch: squares of latents that are folded into its channels.
        vqgan, ddpm: their recipes.
    """

    shape: Shape
    channels: tuple[int, ...]
    blocks: int
    codes: int
    width: int
    crop: tuple[int, int]
    weights: Weights
    critic: int
    unet: tuple[int, ...]
    layers: int
    heads: int
    patch: int
    vqgan: Recipe
    ddpm: Recipe


SCALES = {
    "": Scale(
        Shape(32, 32.0, 112),
        (24, 64),
        1,
        512,
        8,
        (16, 64),
        Weights(features=0.8, adversarial=0.1, matching=1.0),  # our eye's distances are larger than LPIPS
        16,
        (32, 64),
        1,
        4,
        2,
        Recipe(4000, 2, 1e-3),
        Recipe(5000, 4, 8e-4, average=0.995),
    ),
    "paper": Scale(
        Shape(32, 32.0, 256),
        (16, 32, 64),
        1,
        16_384,
        8,
        (32, 256),
        Weights(),
        64,
        (64, 128, 256, 512),
        2,
        8,
        1,
        Recipe(100_000, 2, 3e-4),
        Recipe(100_000, 40, 1e-4, average=0.995),
    ),
}


def vqgan(scale: Scale) -> VQGAN3D:
    """An untrained VQ-GAN."""
    return VQGAN3D(scale.channels, scale.blocks, scale.codes, scale.width)


def denoiser(scale: Scale) -> Denoiser:
    """An untrained 3D network: convolutions in the plane, attention in the plane and along the third axis.

    Its width has nothing to do with the size of the volumes.
    """
    outer = len(scale.unet) - 1
    network: Any = UNetSpatioTemporalConditionModel(
        in_channels=scale.width * scale.patch**2,
        out_channels=scale.width * scale.patch**2,
        block_out_channels=scale.unet,
        down_block_types=("DownBlockSpatioTemporal", *["CrossAttnDownBlockSpatioTemporal"] * outer),
        up_block_types=(*["CrossAttnUpBlockSpatioTemporal"] * outer, "UpBlockSpatioTemporal"),
        layers_per_block=scale.layers,
        num_attention_heads=(scale.heads,) * len(scale.unet),
        cross_attention_dim=8,
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=8,
    )
    return denoiser_of(network, scale.patch)


def denoiser_of(network: Any, patch: int) -> Denoiser:
    """The denoiser of such a network."""
    return Denoiser(network, multiple=2 ** (len(network.config.block_out_channels) - 1), patch=patch)


def _vqgan(scale: Scale, material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    frames, size = scale.crop
    return VolumeAutoencoding(
        vqgan(scale),
        material.corpus,
        scale.weights,
        frames=frames,
        size=size,
        critic_from=material.recipe.steps // 4,
        critic_channels=scale.critic,
        seed=material.recipe.seed,
    )


def _vqgan_left(task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    return {"vqgan": task.network}, {}


def _ddpm(scale: Scale, material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    codec, seed = material.codec, material.recipe.seed
    if not isinstance(codec, VolumeVQ) or codec.channels != scale.width:
        raise UsageError(f"this part works behind latents of {scale.width} channels, which --codec has not")
    latents = material.corpus.latents(codec, material.key, material.track)
    sampling = Sampling(SHOWN_STEPS, SOLVER)
    return Denoising(
        denoiser(scale), PROCESS, material.corpus, latents, {}, sampling, codec, power=1, seed=seed
    )


def _ddpm_left(scale: Scale, task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """The denoiser, and what its clips are: size, view where they have one, spacing of volumes."""
    own, facts = left(task, material)
    corpus = material.corpus
    view = corpus.views[0] if len({*corpus.views}) == 1 else None
    more = {"size": corpus.shape.size, "patch": scale.patch, "view": view, "spacing_mm": spacing_of(corpus)}
    return own, facts | more


def parts(scale: Scale, suffix: str = "") -> Mapping[str, Part]:
    """Both parts at a scale, by name."""
    shape = scale.shape
    source = {"frames": shape.frames, "fps": shape.fps, "size": shape.size}
    codec, main = (f"{name}-{suffix}" if suffix else name for name in ("vqgan", "ddpm"))
    train, left_of = partial(_ddpm, scale), partial(_ddpm_left, scale)
    shared: dict[str, Any] = {"source": source, "load": load_volume_codec, "opened": open_clips}
    return {
        codec: Part(
            f"{SYSTEM}:{codec}",
            shape,
            scale.vqgan,
            partial(_vqgan, scale),
            _vqgan_left,
            codec=False,
            **shared,
        ),
        main: Part(f"{SYSTEM}:{main}", shape, scale.ddpm, train, left_of, behind=codec, **shared),
    }


PARTS = {**parts(SCALES[""]), **parts(SCALES["paper"], "paper")}
