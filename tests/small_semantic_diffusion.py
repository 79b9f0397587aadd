"""Small untrained weights of semantic-diffusion for tests, as training leaves them."""

from dataclasses import replace
from pathlib import Path

import torch
from diffusion_material import woken

from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import gamma_scale, load_codec
from echodfkd.synth.diffusion.training import Recipe
from echodfkd.synth.semantic_diffusion.parts import PATCH, SCALES, Scale, codec_network, denoiser
from echodfkd.synth.semantic_diffusion.variants import SYSTEM, VARIANTS

SIZE = 32
TINY: Scale = replace(
    SCALES["small"],
    size=SIZE,
    channels=(8, 16),
    attention=8,
    groups=2,
    head=8,
    hidden=8,
    codec=8,
    recipe=Recipe(steps=3, batch=2, warmup=1, note_every=1, save_every=1, show_every=3),
)


def file(folder: Path, part: str) -> Path:
    """Where the embedded weights of a part would lie."""
    return folder / f"generator-{SYSTEM}-{part}.safetensors"


def save_semantic(folder: Path, variant: str = "gamma-64") -> Path:
    """A folder with the file of a variant in it, and that of its codec."""
    torch.manual_seed(0)
    model, digest = VARIANTS[variant], None
    if model.behind:
        vae = codec_network(model.factor, TINY)
        gamma_scale(vae)
        torch.nn.init.normal_(vae.decoder.conv_out.weight, std=0.5)
        networks.save({"vae": vae}, {"patch": PATCH, "posterior": "gamma"}, file(folder, model.behind))
        digest = load_codec(file(folder, model.behind)).digest()
    network = woken(denoiser(model, TINY).network)
    known = {"size": SIZE, "variant": variant, "frames": 1, "fps": 50.0, "codec_sha256": digest}
    networks.save({"denoiser": network}, known, file(folder, variant))
    return folder
