"""Our small models: told words, or one of the four classes; 112 pixels, folded by 4."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DModel
from torch import Tensor, nn

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.synth.diffecho.network import WordUNet, word_value
from echodfkd.synth.diffecho.words import CLASSES, Said
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import to_frames
from echodfkd.synth.diffusion.conditions import Conditioner
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import DDPM
from echodfkd.synth.diffusion.sampler import Sampler, Sampling
from echodfkd.synth.diffusion.weights import trained_parts

SYSTEM = "diffecho"
TEXT, UNCONDITIONAL, CONTROLNET = "text", "unconditional", "controlnet"
PATCH = 4
STEPS, SOLVER = 50, "ddim"
GUIDANCE = 2.0
WORDS = Conditioner("words", "tokens", 2, drop=0.1)
CLASS = Conditioner("class", "embedding", 1)
PROCESSES = {
    TEXT: DDPM("v_prediction", clip=1.0),  # a small network errs less in it where there is much noise
    UNCONDITIONAL: DDPM("epsilon", clip=1.0),
}


@dataclass(frozen=True)
class Scale:
    """How large the small networks are: side in pixels, channels of each level, groups of the norms."""

    size: int = 112
    channels: tuple[int, ...] = (48, 64, 64)
    groups: int = 8


def word_network(scale: Scale) -> nn.Module:
    """An untrained network of words."""
    squares = PATCH**2
    attention = (False,) * (len(scale.channels) - 1) + (True,)
    return WordUNet(squares, squares, scale.channels, attention=attention, groups=scale.groups)


def class_network(scale: Scale) -> Any:
    """An untrained network of classes."""
    levels = len(scale.channels)
    return UNet2DModel(
        sample_size=scale.size // PATCH,
        in_channels=PATCH**2,
        out_channels=PATCH**2,
        down_block_types=("DownBlock2D",) * (levels - 1) + ("AttnDownBlock2D",),
        up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * (levels - 1),
        block_out_channels=scale.channels,
        layers_per_block=1,
        norm_num_groups=scale.groups,
        attention_head_dim=scale.channels[-1] // 4,
        num_class_embeds=len(CLASSES),
    )


def denoiser_of(kind: str, network: Any) -> Denoiser:
    """The denoiser that a small network is, in training as in sampling; `kind` is TEXT or UNCONDITIONAL."""
    config = network.config
    levels = len(config.channels if kind == TEXT else config.block_out_channels)
    conditions = (WORDS,) if kind == TEXT else (CLASS,)
    return Denoiser(network, conditions, multiple=2 ** (levels - 1), patch=PATCH)


def class_value(all_said: Sequence[Said]) -> Tensor:
    """What "class" is told, (B, 1); every view and phase must be known."""
    return torch.tensor([[float(CLASSES.index((said.view or "", said.phase or "")))] for said in all_said])


@dataclass(frozen=True)
class Small:
    """One of our models on disk.

    Attributes:
        kind: TEXT or UNCONDITIONAL. file: its weights. size: of its pictures.
    """

    kind: str
    file: Path
    size: int

    @property
    def files(self) -> list[Path]:
        """All that shapes its pictures."""
        return [self.file]

    def load(self, device: torch.device) -> Denoiser:
        """Its denoiser on a device."""
        parts, _ = networks.load(self.file)
        return denoiser_of(self.kind, parts["denoiser"]).eval().requires_grad_(False).to(device)

    def frames(
        self,
        denoiser: Denoiser,
        all_said: Sequence[Said],
        rngs: Sequence[torch.Generator],
        steps: int,
        guidance: float,
    ) -> list[Frames]:
        """Pictures (1, size, size) of what is said, each from its own generator."""
        value = word_value(all_said) if self.kind == TEXT else class_value(all_said)
        device = next(denoiser.parameters()).device
        sampler = Sampler(denoiser, PROCESSES[self.kind], Sampling(steps, SOLVER, guidance))
        shape = (len(all_said), 1, 1, self.size, self.size)
        made = sampler.sample(shape, {denoiser.conditioners[0].name: value.to(device)}, rngs)
        return [to_frames(one) for one in made]


def find_small(kind: str, folder: Path | None) -> Small:
    """The weights in a folder, or a run's own; without one the embedded ones or the user's.

    Raises:
        EchoError: when there are none, or they are of another kind.
    """
    run = None if folder is None else folder / networks.WEIGHTS
    file = run if run is not None and run.is_file() else trained_parts(SYSTEM, [kind], folder)[kind]
    facts = networks.described(file)[1]
    if facts.get("variant") != kind or not isinstance(facts.get("size"), int):
        raise EchoError(f"{file} holds no weights of {SYSTEM}:{kind}: it does not say size and variant")
    return Small(kind, file, facts["size"])
