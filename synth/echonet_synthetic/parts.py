"""The parts that can be trained: small networks of the kinds that were published."""

from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DModel, UNetSpatioTemporalConditionModel
from torch import nn

from echodfkd.synth.diffusion.autoencoder import Autoencoding
from echodfkd.synth.diffusion.codec import FrameKL
from echodfkd.synth.diffusion.corpus import Shape
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.run import Material, Part
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import Denoising, ef, reference
from echodfkd.synth.diffusion.training import Recipe, Task
from echodfkd.synth.echonet_synthetic.trained import (
    GUIDANCE,
    PROCESS,
    SOLVER,
    STEPS,
    clip_denoiser,
    picture_denoiser,
)

PATCH = 2
GRAIN = 0.15  # weight of the critic's word in the decoder's own training
SHAPE = Shape(frames=32, fps=32.0, size=112)
SOURCE = {"frames": 32, "fps": 32.0, "size": 112, "ef": (10.0, 80.0)}


def _vae(material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    network = AutoencoderKL(
        in_channels=PATCH**2,
        out_channels=PATCH**2,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(24, 48, 64),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        mid_block_add_attention=False,
    )
    critic_from = material.recipe.steps // 4
    return Autoencoding(network, PATCH, material.corpus, critic_from=critic_from, seed=material.recipe.seed)


def _decoder(material: Material) -> Task:
    """The decoder anew, with a louder critic: speckle comes back, and latents stay what they are."""
    assert material.codec is not None
    network, seed = material.codec.network, material.recipe.seed
    weights = {"features": 0.2, "adversarial": GRAIN, "divergence": 0.0}
    return Autoencoding(
        network, PATCH, material.corpus, critic_from=200, seed=seed, decoder_only=True, **weights
    )


def _decoder_left(task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    return {"vae": task.network}, {"patch": PATCH}


def _vae_left(task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """The VAE with the mean and the spread of its latents, channel by channel, in its configuration."""
    network: Any = task.network
    latents = material.corpus.frames[:: max(len(material.corpus) // 200, 1), ::8]
    codec = FrameKL(network, PATCH)
    z = codec.encode(torch.from_numpy(latents.copy()).float()[:, None] / 127.5 - 1)
    z = z * codec.std[..., None].to(z) + codec.mean[..., None].to(z)  # as the network has them
    mean, std = z.mean((0, 2, 3, 4)), z.std((0, 2, 3, 4))
    network.register_to_config(latents_mean=mean.tolist(), latents_std=std.tolist())
    return {"vae": network}, {"patch": PATCH}


def lidm(channels: tuple[int, ...] = (32, 64, 96)) -> Denoiser:
    """A small image model over latents of 14 x 14."""
    network: Any = UNet2DModel(
        sample_size=14,
        in_channels=4,
        out_channels=4,
        block_out_channels=channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=8,
        attention_head_dim=8,
    )
    return picture_denoiser(network)


def lvdm(channels: tuple[int, int] = (32, 64)) -> Denoiser:
    """A small video model: told the latent of one frame beside every frame, and the EF beside the time."""
    network: Any = UNetSpatioTemporalConditionModel(
        in_channels=8,
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
    return clip_denoiser(network)


def _lidm(material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    assert material.codec is not None
    latents = material.corpus.latents(material.codec, material.key, material.track)
    sampling = Sampling(STEPS, SOLVER)
    return Denoising(
        lidm(),
        PROCESS,
        material.corpus,
        latents,
        {},
        sampling,
        material.codec,
        frames=1,
        seed=material.recipe.seed,
    )


def _lvdm(material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    assert material.codec is not None
    latents = material.corpus.latents(material.codec, material.key, material.track)
    tellers = {"reference": reference(latents), "ef": ef}
    sampling = Sampling(STEPS, SOLVER, GUIDANCE)
    return Denoising(
        lvdm(),
        PROCESS,
        material.corpus,
        latents,
        tellers,
        sampling,
        material.codec,
        offset=0.1,
        seed=material.recipe.seed,
    )


def left(task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """The denoiser."""
    return {"denoiser": task.network}, {
        "frames": material.corpus.shape.frames,
        "fps": material.corpus.shape.fps,
    }


PARTS = {
    "vae": Part("vae", SHAPE, Recipe(4000, 12, 1e-3), _vae, _vae_left, SOURCE, codec=False),
    "decoder": Part("decoder", SHAPE, Recipe(2000, 12, 3e-4), _decoder, _decoder_left, SOURCE),
    "lidm": Part("lidm", SHAPE, Recipe(8000, 64, 1e-3, average=0.999), _lidm, left, SOURCE),
    "lvdm": Part("lvdm", SHAPE, Recipe(6000, 4, 6e-4, average=0.999), _lvdm, left, SOURCE),
}
