"""What one EchoNet-Synthetic is, in memory and on disk, whoever trained it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from echodfkd.synth.diffusion.codec import FrameKL
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import DDPM

SYSTEM = "echonet-synthetic"


@dataclass(frozen=True)
class Networks:
    """The networks in memory.

    Attributes:
        codec: between frames and latents. picture: draws the latent of one frame (the LIDM).
        clip: draws those of a window (the LVDM), told "reference" and "ef".
        tell: the value of "ef" for ejection fractions (B,) in percent.
    """

    codec: FrameKL
    picture: Denoiser
    clip: Denoiser
    tell: Callable[[Tensor], Tensor]

    def to(self, device: torch.device) -> "Networks":
        """These networks, moved to a device, in evaluation mode."""
        for module in (self.codec.network, self.picture, self.clip):
            module.eval().requires_grad_(False).to(device)
        return self


@dataclass(frozen=True)
class Weights:
    """Where the networks are, and what there is to know before they are loaded.

    Attributes:
        files: all that shapes the clips, in a fixed order. load: the networks, on the CPU; picklable.
        window: frames of a window. fps: Hz. size: of the square frames, in pixels. factor: of the codec.
        process: of both denoisers. solver: that suits it. guidance: unless asked otherwise.
        guided: whether the clip network learned to go untold. view: that is shown, as in `Clip`.
    """

    files: tuple[Path, ...]
    load: Callable[[], Networks]
    window: int
    fps: float
    size: int
    factor: int
    process: DDPM
    solver: str
    guidance: float
    guided: bool
    view: str
