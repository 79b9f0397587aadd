"""The VQ-GAN as a codec: latents before quantisation, scaled by the codebook; requantised to be decoded."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.networks import WEIGHTS
from echodfkd.synth.medical_diffusion.vqgan import VQGAN3D, Codebook

TAIL = 0.01  # of what the codes are used for, beyond the range at each end
CHUNK = 65_536  # latents that are compared with the codebook at once
DIGESTED = ("encoder.", "quantizer.quantizer.embedding.")


class VolumeVQ:
    """A VQ-GAN on whole clips or volumes (B, 1, T, H, W), grey in [-1, 1].

    The paper scales all latents by the smallest and the largest number in the codebook, so that one stray
    code shrinks everything. Here each channel is scaled by itself, so that 98% of what its codes are used for
    lies in [-1, 1].

    Args:
        network: the VQ-GAN, trained.
    """

    def __init__(self, network: VQGAN3D) -> None:
        self.network: Any = network.eval().requires_grad_(False)
        config: Any = network.config
        self.channels = int(config["width"])
        self.factor = self.span = 2 ** len(config["channels"])
        low, high = used_range(network.codebook)
        shape = (1, -1, 1, 1, 1)
        self.middle = ((low + high) / 2).view(shape)
        self.half = ((high - low) / 2).clamp(min=1e-3).view(shape)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @torch.no_grad()
    def encode(self, clips: Tensor) -> Tensor:
        """Latents (B, C, t, h, w); clips that it does not divide are padded by their edges first.

        Raises:
            EchoError: when a latent is not finite.
        """
        z = self.network.encode(padded(clips, self.factor).to(self.device))
        return finite((z - self.middle.to(z)) / self.half.to(z))

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Clips of latents, not clamped: as long and as large as `factor` times these.

        Raises:
            EchoError: when a latent is not finite.
        """
        latents = finite(latents.to(self.device))
        return self.network.decode(self.quantised(latents * self.half.to(latents) + self.middle.to(latents)))

    def quantised(self, z: Tensor) -> Tensor:
        """The nearest codes of latents (B, C, t, h, w) as the network has them."""
        codes = self.network.codebook.embedding.weight
        vectors = z.float().movedim(1, -1)
        numbers = torch.cat([torch.cdist(v, codes).argmin(1) for v in vectors.flatten(0, -2).split(CHUNK)])
        return F.embedding(numbers, codes).view_as(vectors).movedim(-1, 1).contiguous()

    def again(self, clips: Tensor) -> Tensor:
        """What is left of clips (B, 1, T, H, W) after encoding and decoding, of their own size."""
        frames, height, width = clips.shape[2:]
        return self.decode(self.encode(clips))[:, :, :frames, :height, :width]

    def digest(self) -> str:
        """Sha256 of all that shapes its latents and their codes."""
        known = hashlib.sha256(repr(("vq", self.middle.tolist(), self.half.tolist())).encode())
        for name, weight in self.network.state_dict().items():
            if name.startswith(DIGESTED):
                known.update(name.encode() + weight.detach().cpu().half().numpy().tobytes())
        return known.hexdigest()


def used_range(book: Codebook) -> tuple[Tensor, Tensor]:
    """(width,) each: numbers of the codes below and above which `TAIL` of their use lies, by channel."""
    codes, use = book.embedding.weight.detach().float().cpu(), book.ema_cluster_size.float().cpu()
    if not float(use.sum()) > 0:
        use = torch.ones_like(use)  # before any training
    order = codes.argsort(0)
    sorted_codes, below = codes.gather(0, order), (use / use.sum())[order].cumsum(0)
    low = (below < TAIL).sum(0, keepdim=True).clamp(max=len(codes) - 1)
    high = (below < 1 - TAIL).sum(0, keepdim=True).clamp(max=len(codes) - 1)
    return sorted_codes.gather(0, low)[0], sorted_codes.gather(0, high)[0]


def padded(clips: Tensor, multiple: int) -> Tensor:
    """Clips (B, C, T, H, W) padded by their edges, at the end of each axis, to multiples."""
    more = [-size % multiple for size in clips.shape[:1:-1]]
    return F.pad(clips, [n for extra in more for n in (0, extra)], mode="replicate") if any(more) else clips


def finite(latents: Tensor) -> Tensor:
    """The latents. Raises EchoError when one is NaN or infinite."""
    if not bool(torch.isfinite(latents).all()):
        raise EchoError("latents hold NaN or infinity: are these the right weights, and the clips whole?")
    return latents


def load_volume_codec(path: Path) -> VolumeVQ:
    """A codec: a run's folder, or a file of ours.

    Raises:
        UsageError: when there is no such file or folder.
        EchoError: when it is no VQ-GAN of ours, or damaged.
    """
    if not path.exists():
        raise UsageError(f"no such codec: {path}")
    parts, _ = networks.load(path / WEIGHTS if path.is_dir() else path)
    network = parts.get("vqgan")
    if not isinstance(network, VQGAN3D):
        raise EchoError(f"{path} holds no 3D VQ-GAN; train one: echodfkd train medical-diffusion:vqgan")
    return VolumeVQ(network)
