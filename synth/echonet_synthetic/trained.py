"""Weights of the parts that `echodfkd train` leaves: embedded ones, the user's, or runs in a folder."""

from functools import partial
from pathlib import Path

from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.students.checkpoint import sha256
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import FrameKL
from echodfkd.synth.diffusion.conditions import Conditioner
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import DDPM
from echodfkd.synth.diffusion.weights import trained_parts
from echodfkd.synth.echonet_synthetic.system import SYSTEM, Networks, Weights

NAMES = ("vae", "lidm", "lvdm")
EF = Conditioner("ef", "embedding", 1, drop=0.15)
CONDITIONS = (Conditioner("reference", "concat", 4), EF)
PROCESS = DDPM()
STEPS, SOLVER, GUIDANCE = 64, "ddim", 1.5


def picture_denoiser(network: nn.Module) -> Denoiser:
    """The denoiser that a small image model is, in training as in sampling."""
    return Denoiser(network, multiple=4)


def clip_denoiser(network: nn.Module) -> Denoiser:
    """The denoiser that a small video model is."""
    return Denoiser(network, CONDITIONS, multiple=2)


def trained(folder: Path | None = None) -> Weights:
    """The weights in a folder; None for those that are embedded or in the user's folder of models.

    Raises:
        EchoError: when a part is missing, or two were not trained behind the same VAE.
    """
    files = trained_parts(SYSTEM, NAMES, folder)
    described = {part: networks.described(path) for part, path in files.items()}
    codec = sha256(files["vae"])
    for part in ("lidm", "lvdm"):
        if described[part][1].get("codec_sha256") != codec:
            raise EchoError(
                f"{files[part]} was not trained behind {files['vae']}: take parts of one training"
            )
    try:
        (vae, known), (clip, facts) = described["vae"], described["lvdm"]
        factor = int(known["patch"]) * 2 ** (len(vae["vae"]["block_out_channels"]) - 1)
        side, window, fps = clip["denoiser"]["sample_size"], int(facts["frames"]), float(facts["fps"])
    except (KeyError, TypeError, ValueError) as error:
        raise EchoError(f"{files['lvdm'].parent} does not hold the parts of {SYSTEM}: no {error}") from error
    return Weights(
        files=tuple(files.values()),
        load=partial(load, files),
        window=window,
        fps=fps,
        size=side * factor,
        factor=factor,
        process=PROCESS,
        solver=SOLVER,
        guidance=GUIDANCE,
        guided=EF.drop > 0,
        view="a4c",
    )


def load(files: dict[str, Path]) -> Networks:
    """The networks of the files of `NAMES`. Raises EchoError when one is damaged."""
    (vae, known), (lidm, _), (lvdm, _) = (networks.load(files[part]) for part in NAMES)
    return Networks(
        codec=FrameKL(vae["vae"], int(known["patch"])),
        picture=picture_denoiser(lidm["denoiser"]),
        clip=clip_denoiser(lvdm["denoiser"]),
        tell=_percent,
    )


def _percent(ef: Tensor) -> Tensor:
    return ef[:, None]
