"""Small Medical Diffusions for tests: parts, untrained weights as training leaves them, volumes on disk."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch

from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.corpus import Shape
from echodfkd.synth.diffusion.run import Part
from echodfkd.synth.diffusion.training import Recipe
from echodfkd.synth.medical_diffusion.codec import load_volume_codec
from echodfkd.synth.medical_diffusion.parts import SCALES, Scale, denoiser, parts, vqgan
from echodfkd.synth.medical_diffusion.vqgan import VQGAN3D

FRAMES, SIZE = 10, 30  # neither is a multiple of 4, by which the codec divides
TINY: Scale = replace(
    SCALES[""],
    shape=Shape(FRAMES, 32.0, SIZE),
    channels=(4, 8),
    codes=16,
    width=4,
    crop=(8, 32),
    critic=4,
    unet=(32, 32),
    heads=2,
    vqgan=Recipe(steps=3, batch=2, rate=3e-3, warmup=1, note_every=1, save_every=1, show_every=3),
    ddpm=Recipe(steps=3, batch=2, warmup=1, note_every=1, save_every=1, show_every=100),
)
PARTS: dict[str, Part] = {name: replace(part, clips=3) for name, part in parts(TINY).items()}


def taught_vqgan() -> VQGAN3D:
    """A VQ-GAN whose codebook saw something once."""
    torch.manual_seed(0)
    network = vqgan(TINY).train()
    network(torch.rand(2, 1, 8, 16, 16) * 2 - 1)
    return network.eval()


def save_medical(folder: Path, spacing: list[float] | None = None) -> Path:
    """A folder with the embedded files' names in it."""
    vq = folder / "generator-medical-diffusion-vqgan.safetensors"
    networks.save({"vqgan": taught_vqgan()}, {}, vq)
    known: dict[str, Any] = {"size": SIZE, "frames": FRAMES, "fps": 32.0, "patch": 2, "spacing_mm": spacing}
    known |= {"view": None if spacing else "a4c", "codec_sha256": load_volume_codec(vq).digest()}
    network = denoiser(TINY).network
    networks.save({"denoiser": network}, known, folder / "generator-medical-diffusion-ddpm.safetensors")
    return folder


def save_volume(
    path: Path, voxels: np.ndarray, zooms: tuple[float, float, float], flip: bool = False
) -> Path:
    """Voxels (W, H, D) as a NIfTI volume; flipped, its first axis goes to the left on disk."""
    affine = np.diag([*zooms, 1.0])
    if flip:
        voxels, affine[0, 0] = voxels[::-1], -zooms[0]
    image = nibabel.Nifti1Image(np.ascontiguousarray(voxels), affine)
    image.header.set_xyzt_units("mm", "unknown")
    nibabel.save(image, path)
    return path


def blob(shape: tuple[int, int, int]) -> np.ndarray:
    """uint8 (W, H, D): bright in the middle, darker outwards, no two axes alike."""
    axes = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    far = sum((axis * (1 + n / 2)) ** 2 for n, axis in enumerate(axes))
    return np.rint(255 * np.exp(-2 * far)).astype(np.uint8)
