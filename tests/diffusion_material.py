"""Denoisers, clips and corpora for tests of diffusion: some know the answer, all are tiny."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DModel, UNetSpatioTemporalConditionModel
from moving_ellipse import MovingEllipse
from torch import Tensor, nn

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.synth.diffusion.conditions import Conditioner, Values
from echodfkd.synth.diffusion.corpus import Corpus, Shape
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import DDPM, EDM, Flow, Process
from echodfkd.synth.diffusion.score import VE, VP
from echodfkd.synth.diffusion.spade import SpadeUNet
from echodfkd.synth.write import write_clip_set

PROCESSES: list[Process] = [EDM(), VE(), VP(), DDPM(), DDPM("epsilon"), Flow()]
SOLVERS = [(process, solver) for process in PROCESSES for solver in process.solvers]


def rngs(count: int, first: int = 0) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(first + number) for number in range(count)]


def abar(process: DDPM, time: Tensor) -> Tensor:
    """Share of the signal's power at whole times, from the papers' formulas and not from diffusers."""
    steps = torch.arange(process.steps, dtype=torch.float64)
    if process.schedule == "linear":
        betas = torch.linspace(process.beta_start, process.beta_end, process.steps, dtype=torch.float64)
    else:  # Nichol & Dhariwal 2021, equation 17
        f = [((s / process.steps + 0.008) / 1.008 * torch.pi / 2).cos() ** 2 for s in (steps, steps + 1)]
        betas = (1 - f[1] / f[0]).clamp(max=0.999)
    return (1 - betas).cumprod(0)[time.long()].float()


class Knowing(nn.Module):
    """In a denoiser's place: knows the clean clips, and says what a perfect network would say of them.

    Attributes:
        calls: the time that it was told, once for each call.
        seen: what it was given then, with the process's scale taken off.
    """

    def __init__(self, process: Process, clean: Tensor, conditioners: tuple[Conditioner, ...] = ()) -> None:
        super().__init__()
        self.process, self.clean, self.conditioners = process, clean, conditioners
        self.nothing = nn.Parameter(torch.zeros(()))
        self.calls: list[float] = []
        self.seen: list[Tensor] = []

    def forward(self, sample: Tensor, time: Tensor, values: Values) -> Tensor:
        self.calls.append(float(time[0]))
        assert bool((time == time[0]).all())
        noisy, level = unscaled(self.process, sample, time[0])
        self.seen.append(noisy)
        return answer(self.process, noisy, self.clean, level)


def unscaled(process: Process, sample: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
    """The noisy clip before it was scaled for the network, and sigma, abar or the share of noise."""
    if isinstance(process, EDM):
        sigma = torch.exp(4 * time)
        return sample * (sigma**2 + process.sigma_data**2).sqrt(), sigma
    if isinstance(process, VE):
        return sample, 2 * torch.exp(time)
    if isinstance(process, VP):
        t = time.double() / 999
        signal = torch.exp(-(process.beta_d * t**2 / 2 + process.beta_min * t))
        return sample / signal.sqrt().to(sample), (1 / signal - 1).sqrt().to(sample)
    return sample, abar(process, time) if isinstance(process, DDPM) else time / 1000


def answer(process: Process, noisy: Tensor, clean: Tensor, level: Tensor) -> Tensor:
    """A perfect network's raw output."""
    if isinstance(process, EDM):
        data, total = process.sigma_data, level**2 + process.sigma_data**2
        return (clean - data**2 / total * noisy) / (level * data / total.sqrt())
    if isinstance(process, DDPM):
        noise = (noisy - level.sqrt() * clean) / (1 - level).sqrt()
        v = process.prediction == "v_prediction"
        return level.sqrt() * noise - (1 - level).sqrt() * clean if v else noise
    if isinstance(process, VE):
        return (clean - noisy) / level
    return (noisy - clean) / level  # of a flow, and of VP


def image_unet(channels: int = 1, told: int = 0) -> UNet2DModel:
    torch.manual_seed(0)
    return UNet2DModel(
        sample_size=8,
        in_channels=channels + told,
        out_channels=channels,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
        add_attention=False,
    )


def woken(network: nn.Module) -> Any:
    """The network with what begins at zero, and lets nothing through, no longer there."""
    for weight in network.parameters():
        if weight.ndim == 4 and not bool(weight.any()):
            torch.nn.init.normal_(weight, std=0.1)
    return network


def spade_unet(channels: int = 1) -> SpadeUNet:
    torch.manual_seed(0)
    network = SpadeUNet(
        channels, channels, 3, 2, channels=(8, 16), attention=(False, True), groups=2, head=8, hidden=8
    )
    return woken(network)


def video_unet(channels: int = 1, told: int = 0) -> UNetSpatioTemporalConditionModel:
    torch.manual_seed(0)
    return UNetSpatioTemporalConditionModel(
        in_channels=channels + told,
        out_channels=channels,
        sample_size=8,
        block_out_channels=(32, 32),
        down_block_types=("DownBlockSpatioTemporal", "CrossAttnDownBlockSpatioTemporal"),
        up_block_types=("CrossAttnUpBlockSpatioTemporal", "UpBlockSpatioTemporal"),
        layers_per_block=1,
        num_attention_heads=(2, 2),
        cross_attention_dim=4,
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=8,
    )


def vae(patch: int = 2, **more: Any) -> AutoencoderKL:
    torch.manual_seed(0)
    return AutoencoderKL(
        in_channels=patch**2,
        out_channels=patch**2,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        mid_block_add_attention=False,
        **{"latent_channels": 4, **more},
    )


EF = Conditioner("ef", "embedding", 1, drop=0.2)
REFERENCE = Conditioner("reference", "concat", 1)


def video_denoiser() -> Denoiser:
    return Denoiser(video_unet(1, 1), (REFERENCE, EF), multiple=2).eval()


@dataclass(frozen=True)
class Uneven:
    """Ellipses of 4, 8, 12, ... frames, each with an EF of its own; the first clip's is unknown."""

    size: int = 16
    name: str = "uneven"
    version: str = "1"

    def parameters(self) -> dict[str, Any]:
        return {"size": self.size}

    def clip(self, seed: int, index: int) -> Clip:
        clip = MovingEllipse(4 * (index + 1), self.size).clip(seed, index)
        return clip.with_(ef=30.0 + index if index else None)


def clip_set(root: Path, clips: int = 3, seed: int = 0, size: int = 16) -> ClipSet:
    write_clip_set(Uneven(size), root, clips=clips, seed=seed, lossless=True)
    return ClipSet.open(root)


def corpus(folder: Path, shape: Shape | None = None, clips: int = 3) -> Corpus:
    """8 frames at 50 Hz of clips of 4, 8 and 12 frames: windows of length 4, 8 and 8."""
    return Corpus.of(clip_set(folder / "clips", clips), shape or Shape(8, 50.0, 16), folder / "corpus")


def spread(values: Tensor) -> float:
    return float(np.std(values.numpy()))
