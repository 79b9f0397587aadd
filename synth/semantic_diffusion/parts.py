"""The parts that can be trained: a denoiser for each variant, and a Gamma-VAE for each size of latents."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from echodfkd.errors import UsageError
from echodfkd.synth.diffusion.autoencoder import GammaAutoencoding
from echodfkd.synth.diffusion.codec import GammaKL, Identity
from echodfkd.synth.diffusion.corpus import Array, Corpus, Shape
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.run import Material, Part
from echodfkd.synth.diffusion.spade import SpadeUNet
from echodfkd.synth.diffusion.tasks import Denoising
from echodfkd.synth.diffusion.training import Recipe, Task
from echodfkd.synth.echonet_synthetic.parts import left
from echodfkd.synth.semantic_diffusion.variants import (
    CLASSES,
    SYSTEM,
    VARIANTS,
    VIEWS,
    Variant,
    mask_value,
    view_value,
)

PATCH = 2  # of the codecs
FPS = 50.0  # at which clips of somebody's are looked at; one frame is a picture


@dataclass(frozen=True)
class Scale:
    """How large the networks are.

    Attributes:
        size: of the pictures, in pixels. channels, blocks: of the denoisers. attention: sides up to this have
            it. groups, head, hidden: see `SpadeUNet`. codec: channels of the codec's first level.
        recipe: of a denoiser; a codec takes as many steps.
    """

    size: int
    channels: tuple[int, ...]
    blocks: int
    attention: int
    groups: int
    head: int
    hidden: int
    codec: int
    recipe: Recipe


SCALES = {
    "small": Scale(64, (16, 32, 64), 1, 16, 4, 16, 16, 16, Recipe(2000, 16, 1e-3)),
    "": Scale(112, (32, 64, 96), 1, 28, 8, 16, 32, 32, Recipe(6000, 16, 8e-4, average=0.999)),
    "paper": Scale(
        256, (192, 384, 576, 768), 3, 32, 32, 64, 128, 64, Recipe(200_000, 32, 1e-4, average=0.9999)
    ),
}


def denoiser(variant: Variant, scale: Scale) -> Denoiser:
    """An untrained denoiser of a variant."""
    sides = [scale.size // variant.factor // 2**level for level in range(len(scale.channels))]
    network = SpadeUNet(
        label_channels=CLASSES,
        views=len(VIEWS),
        channels=scale.channels,
        blocks=scale.blocks,
        attention=tuple(side <= scale.attention for side in sides),
        groups=scale.groups,
        head=scale.head,
        hidden=scale.hidden,
    )
    return variant.denoiser_of(network)


def codec_network(factor: int, scale: Scale) -> Any:
    """An untrained AutoencoderKL of one latent channel that makes pictures smaller by a factor."""
    levels = (factor // PATCH).bit_length()
    return AutoencoderKL(
        in_channels=PATCH**2,
        out_channels=PATCH**2,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=tuple(scale.codec * 2**level for level in range(levels)),
        layers_per_block=1,
        latent_channels=1,
        norm_num_groups=8,
        mid_block_add_attention=False,
    )


def _mask(corpus: Corpus, which: Array, places: Array) -> Tensor:
    return mask_value(corpus.labels[which[:, None], places], corpus.sector[which])


def _view(corpus: Corpus, which: Array, _: Array) -> Tensor:
    return view_value([corpus.views[int(one)] for one in which])


TELLERS = {"mask": _mask, "view": _view}


def _task(variant: Variant, scale: Scale, material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    corpus, codec = material.corpus, material.codec
    if not corpus.labelled:
        raise UsageError(f"{SYSTEM} learns from masks: some of these clips have none")
    if codec is not None and not (isinstance(codec, GammaKL) and codec.factor == variant.factor):
        raise UsageError(f"this part works behind {SYSTEM}:{variant.behind}, which --codec does not name")
    latents = None if codec is None else corpus.latents(codec, material.key, material.track)
    made = denoiser(variant, scale)
    sampling, seed = variant.sampling(), material.recipe.seed
    return Denoising(
        made, variant.process, corpus, latents, TELLERS, sampling, codec or Identity(), seed=seed
    )


def _left(name: str, task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    own, facts = left(task, material)
    return own, {**facts, "size": material.corpus.shape.size, "variant": name}


def _codec_task(factor: int, scale: Scale, material: Material) -> Task:
    torch.manual_seed(material.recipe.seed)
    network = codec_network(factor, scale)
    return GammaAutoencoding(network, PATCH, material.corpus, seed=material.recipe.seed)


def _codec_left(task: Task, material: Material) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    return {"vae": task.network}, {"patch": PATCH, "posterior": "gamma"}


def parts(scale: Scale, suffix: str = "") -> Mapping[str, Part]:
    """All parts at a scale, by name."""
    shape = Shape(1, FPS, scale.size)
    source = {"frames": 1, "fps": FPS, "size": scale.size}
    shared = {"source": source, "clips": 2250 * len(VIEWS), "views": VIEWS}
    found = {
        f"{name}{suffix}": Part(
            f"{SYSTEM}:{name}{suffix}",
            shape,
            scale.recipe,
            partial(_task, variant, scale),
            partial(_left, name),
            codec=variant.factor > 1,
            behind=f"{variant.behind}{suffix}",
            **shared,  # type: ignore[arg-type]
        )
        for name, variant in VARIANTS.items()
    }
    codecs = {variant.behind: variant.factor for variant in VARIANTS.values() if variant.behind}
    return found | {
        f"{name}{suffix}": Part(
            f"{SYSTEM}:{name}{suffix}",
            shape,
            scale.recipe,
            partial(_codec_task, factor, scale),
            _codec_left,
            codec=False,
            **shared,  # type: ignore[arg-type]
        )
        for name, factor in codecs.items()
    }


PARTS = {**parts(SCALES[""]), **parts(SCALES["paper"], "-paper")}
