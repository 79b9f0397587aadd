"""Small untrained weights of free-echo and flow for tests, as training leaves them."""

from pathlib import Path

import torch
from small_echonet_synthetic import built, save_trained

from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import load_codec
from echodfkd.synth.flow import parts as flow
from echodfkd.synth.free_echo import parts as free_echo

SIZE, WINDOW = 48, 8


def save_free_echo(folder: Path) -> Path:
    """A folder with free-echo's embedded file in it."""
    torch.manual_seed(0)
    network = built(networks.config_of(free_echo.denoiser((64, 64, 64)).network))
    known = {"fps": 32.0, "window": WINDOW, "size": SIZE, "greys": [1] * 256, "frames": WINDOW}
    networks.save({"denoiser": network}, known, folder / "generator-free-echo.safetensors")
    return folder


def save_flow(folder: Path) -> Path:
    """A folder with flow's embedded file in it, and that of its codec."""
    save_trained(folder)
    vae = folder / "generator-echonet-synthetic-vae.safetensors"
    known = {"codec_sha256": load_codec(vae).digest(), "fps": 32.0, "frames": WINDOW, "size": SIZE}
    network = built(networks.config_of(flow.denoiser((64, 64)).network), 5)
    networks.save({"denoiser": network}, known, folder / "generator-flow.safetensors")
    return folder
