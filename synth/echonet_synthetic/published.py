"""The published weights (hub: HReynaud/EchoNet-Synthetic), loaded as they are: one folder per network.

The repository holds `vae/`, `lvdm/` and three image models, each with `config.json` and
`diffusion_pytorch_model.safetensors`. The EF goes in as EF / 100, the one token of the cross-attention; the
networks never learned to go without it. They were trained on frames padded by one latent pixel on every side.
"""

from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import FrameKL
from echodfkd.synth.diffusion.conditions import Conditioner
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import DDPM
from echodfkd.synth.echonet_synthetic.system import Networks, Weights

PICTURES: dict[str, tuple[str, str]] = {  # variant -> folder of its image model, view
    "": ("lidm_dynamic", "a4c"),
    "ped-a4c": ("lidm_ped_a4c", "a4c"),
    "ped-psax": ("lidm_ped_psax", "sax"),
}
FILES = ("config.json", networks.PUBLISHED)
FPS = 32.0
PROCESS = DDPM(clip=4.0)
CONDITIONS = (Conditioner("reference", "concat", 4), Conditioner("ef", "tokens", 1))


def is_published(folder: Path) -> bool:
    """Whether a folder has the published layout."""
    return any((folder / name / "config.json").is_file() for name in ("vae", "lvdm"))


def folders(variant: str = "") -> tuple[str, str, str]:
    """Names of the folders of VAE, image model and video model."""
    return "vae", PICTURES[variant][0], "lvdm"


def patterns(variant: str = "") -> list[str]:
    """The files that are needed of the repository."""
    return [f"{name}/{file}" for name in folders(variant) for file in FILES]


def published(folder: Path, variant: str = "") -> Weights:
    """The weights in a folder.

    Args:
        folder: of the networks' folders. variant: a name of `PICTURES`.

    Raises:
        EchoError: when one is missing, or is a network of another kind.
    """
    names = folders(variant)
    vae, lidm, lvdm = (networks.config_in(folder / name) for name in names)
    try:
        factor, side = _factor(vae), int(lvdm["sample_size"])
        told = int(lvdm["in_channels"]) - int(lvdm["out_channels"])
        if not told == int(lidm["out_channels"]) == int(vae["latent_channels"]) == CONDITIONS[0].channels:
            raise EchoError(f"the networks in {folder} do not fit each other: they differ in latent channels")
        window = int(lvdm["num_frames"])
    except (KeyError, TypeError, ValueError) as error:
        raise EchoError(f"{folder} does not hold the published networks: no {error}") from error
    return Weights(
        files=tuple(folder / name / file for name in names for file in FILES),
        load=partial(load, folder, names),
        window=window,
        fps=FPS,
        size=side * factor,
        factor=factor,
        process=PROCESS,
        solver="ddpm",
        guidance=1.0,
        guided=False,
        view=PICTURES[variant][1],
    )


def load(folder: Path, names: tuple[str, str, str]) -> Networks:
    """The networks of three folders. Raises EchoError when one is damaged."""
    vae, lidm, lvdm = (networks.load_folder(folder / name) for name in names)
    return Networks(
        codec=FrameKL(vae),
        picture=Denoiser(lidm, multiple=_multiple(lidm), around=True),
        clip=Denoiser(lvdm, CONDITIONS, multiple=_multiple(lvdm), around=True),
        tell=_share,
    )


def _factor(config: Any) -> int:
    """By how much such a network halves its pictures."""
    return 2 ** (len(config["block_out_channels"]) - 1)


def _multiple(network: nn.Module) -> int:
    return _factor(network.config)


def _share(ef: Tensor) -> Tensor:
    return ef[:, None, None] / 100
