"""What the compared models are: their noise, what they work behind, and what all of them are told."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from echodfkd.clip import Label
from echodfkd.errors import unknown_name
from echodfkd.labels import SCHEMES
from echodfkd.synth.diffusion.conditions import Conditioner
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.gamma import GammaDDPM
from echodfkd.synth.diffusion.heun import Churn
from echodfkd.synth.diffusion.process import DDPM, EDM, Process
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.score import VE, VP

SYSTEM = "semantic-diffusion"
STEPS = 25
CHURN = Churn(40.0, 0.02, 100.0, 1.003)
VIEWS = ("a4c", "a2c")
OUTSIDE, TISSUE = 0, 2  # of EDMLX's labels: beyond the cone, and whatever has no other name inside
CLASSES = len(SCHEMES["edmlx"].classes)
TOLD = tuple(label for label in SCHEMES["edmlx"].classes.values() if label)  # LV, myocardium, left atrium
CONDITIONS = (Conditioner("mask", "spade", CLASSES, drop=0.1), Conditioner("view", "embedding", 1))


@dataclass(frozen=True)
class Variant:
    """One of the models.

    Attributes:
        process: of noise. solver: that suits it. time_scale: brings its time to some hundreds.
        factor: by which its codec, the part `behind`, makes pictures smaller; 1 for pixels.
    """

    process: Process
    solver: str = "heun"
    time_scale: float = 1.0
    factor: int = 1
    behind: str = field(default="")

    def sampling(self, steps: int = STEPS, guidance: float = 1.0, batch: int = 4) -> Sampling:
        """How it samples."""
        return Sampling(steps, self.solver, guidance, batch=batch, churn=CHURN)

    def denoiser_of(self, network: Any) -> Denoiser:
        """The denoiser of such a network."""
        multiple = 2 ** (len(network.config.channels) - 1)
        return Denoiser(network, CONDITIONS, multiple=multiple, time_scale=self.time_scale)


VARIANTS = {
    "sdm": Variant(DDPM("epsilon"), "ddim"),
    "ve": Variant(VE(), time_scale=25.0),
    "vp": Variant(VP()),
    "edm": Variant(EDM(), time_scale=100.0),
    "gamma-64": Variant(EDM(), time_scale=100.0, factor=4, behind="vae-64"),
    "gamma-128": Variant(EDM(), time_scale=100.0, factor=2, behind="vae-128"),
    "ddgm": Variant(GammaDDPM(clip=1.0), "ddpm"),  # not one of the six: Gamma noise, not Gamma latents
}
DEFAULT = "gamma-64"


def variant_of(name: str) -> Variant:
    """The variant of a name; "" is the default one. Raises UsageError for an unknown one."""
    if (name or DEFAULT) not in VARIANTS:
        raise unknown_name("variant", name, [*VARIANTS])
    return VARIANTS[name or DEFAULT]


def edmlx(mask: npt.NDArray[np.uint8], cone: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """EDMLX's labels of ours, uint8 (..., H, W): right heart and all else inside the cone are tissue.

    Args:
        mask: values of `Label`. cone: true inside, of a shape that spreads to the mask's.
    """
    table = np.full(len(Label), TISSUE, np.uint8)
    for value, label in SCHEMES["edmlx"].classes.items():
        if label:
            table[label] = value
    return np.where(cone, table[mask], np.uint8(OUTSIDE))


def mask_value(mask: npt.NDArray[np.uint8], cone: npt.NDArray[Any]) -> Tensor:
    """What "mask" is told, (B, CLASSES, T, H, W): one-hot, of masks (B, T, H, W) and cones (B, H, W)."""
    return torch.eye(CLASSES)[torch.from_numpy(edmlx(mask, cone[:, None])).long()].permute(0, 4, 1, 2, 3)


def view_value(views: list[str | None]) -> Tensor:
    """What "view" is told, (B, 1); an unknown one counts as the first."""
    return torch.tensor([[float(VIEWS.index(view)) if view in VIEWS else 0.0] for view in views])
