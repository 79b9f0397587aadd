"""Codecs: between clips of pixels and what a diffusion model works on, with the scale of its latents."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.distributions import Gamma
from torch.nn import functional as F

from echodfkd.clip import Frames
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.networks import WEIGHTS

CHUNK = 32  # frames that go through a codec at once
PRIOR = (3.75, 10.8)  # shape and rate of the Gamma prior: its mean is .347


class Codec(Protocol):
    """Encodes clips (B, 1, T, H, W), grey in [-1, 1], to latents (B, C, t, h, w) of about unit size."""

    channels: int
    factor: int  # H / h
    span: int  # T / t

    def encode(self, clips: Tensor) -> Tensor:
        """Latents of clips."""
        ...

    def decode(self, latents: Tensor) -> Tensor:
        """Clips of latents, not clamped."""
        ...


class TrainedCodec(Codec, Protocol):
    """A codec with a network."""

    network: Any

    def digest(self) -> str:
        """Sha256 of all that shapes its latents."""
        ...


class Identity:
    """Pixels as they are."""

    channels, factor, span = 1, 1, 1

    def encode(self, clips: Tensor) -> Tensor:
        """The clips."""
        return clips

    def decode(self, latents: Tensor) -> Tensor:
        """The latents."""
        return latents


class FrameKL:
    """An AutoencoderKL on every frame by itself (Rombach et al. 2022).

    The scale of its latents stands in its configuration: `latents_mean` and `latents_std` where there are
    such, else `scaling_factor`.

    Args:
        network: diffusers' AutoencoderKL. patch: squares of this side are folded into its channels.
    """

    span = 1

    def __init__(self, network: nn.Module, patch: int = 1) -> None:
        self.network: Any = network.eval().requires_grad_(False)
        self.patch = patch
        config: Any = network.config
        self.channels = int(config.latent_channels)
        self.factor = patch * 2 ** (len(config.block_out_channels) - 1)
        mean, std = config.latents_mean, config.latents_std
        shape = (1, -1, 1, 1)
        self.mean = torch.tensor(mean or [0.0]).view(shape)
        self.std = torch.tensor(std or [1 / config.scaling_factor]).view(shape)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @torch.no_grad()
    def encode(self, clips: Tensor) -> Tensor:
        """Latents: the mean of the posterior, to scale."""
        frames = torch.pixel_unshuffle(clips.transpose(1, 2).flatten(0, 1), self.patch)
        if self.patch == 1:  # published ones take colours
            frames = frames.expand(-1, int(self.network.config.in_channels), -1, -1)
        parts = [self._mean(chunk.to(self.device)) for chunk in frames.split(CHUNK)]
        latents = (torch.cat(parts) - self.mean.to(self.device)) / self.std.to(self.device)
        return latents.unflatten(0, (len(clips), -1)).transpose(1, 2)

    def _mean(self, frames: Tensor) -> Tensor:
        """Of the posterior of folded frames (N, C, H, W), in the network's own units."""
        return self.network.encode(frames).latent_dist.mean

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Clips; colours are averaged to grey."""
        frames = latents.transpose(1, 2).flatten(0, 1).to(self.device)
        frames = frames * self.std.to(self.device) + self.mean.to(self.device)
        parts = [self._grey(self.network.decode(chunk).sample) for chunk in frames.split(CHUNK)]
        return torch.cat(parts).unflatten(0, (len(latents), -1)).transpose(1, 2)

    def digest(self) -> str:
        """Sha256 of all that shapes its latents: another decoder of the same latents changes nothing here."""
        known = hashlib.sha256(repr(self._known()).encode())
        for name, weight in self.network.state_dict().items():
            if name.startswith(("encoder.", "quant_conv.")):
                known.update(name.encode() + weight.detach().cpu().half().numpy().tobytes())
        return known.hexdigest()

    def _known(self) -> tuple[Any, ...]:
        return self.patch, self.mean.tolist(), self.std.tolist()

    def _grey(self, frames: Tensor) -> Tensor:
        if self.patch > 1:
            return torch.pixel_shuffle(frames, self.patch)
        return frames.mean(1, keepdim=True)


class GammaKL(FrameKL):
    """An AutoencoderKL of one latent channel whose posterior is a Gamma distribution (arXiv 2409.19371).

    Its encoder's two maps are shape and rate. Diffusion models see twice the mean less 1, clamped to [-1, 1];
    that scale stands in the configuration, see `gamma_scale`.
    """

    @torch.no_grad()
    def encode(self, clips: Tensor) -> Tensor:
        """Latents in [-1, 1]: of the mean of the posterior, shape / rate."""
        return super().encode(clips).clamp(-1, 1)

    def _mean(self, frames: Tensor) -> Tensor:
        return gamma_posterior(self.network, frames).mean

    def _known(self) -> tuple[Any, ...]:
        return ("gamma", *super()._known())


def gamma_posterior(network: Any, frames: Tensor) -> Gamma:
    """The posterior that an AutoencoderKL gives folded frames (N, C, H, W): shape and rate (N, 1, h, w) each.

    They are softplus of the encoder's two maps, times shape and rate of the prior.
    """
    maps = F.softplus(network.quant_conv(network.encoder(frames))).clamp(min=1e-4)
    shape, rate = (maps * maps.new_tensor(PRIOR).view(2, 1, 1)).chunk(2, 1)
    return Gamma(shape, rate)


def gamma_scale(network: Any) -> None:
    """Writes into the configuration that latents are seen as 2 z - 1."""
    network.register_to_config(latents_mean=[0.5], latents_std=[0.5])


POSTERIORS: dict[str, type[FrameKL]] = {"normal": FrameKL, "gamma": GammaKL}


def _weights(path: Path) -> Path:
    """The file of weights that a path of a codec means."""
    inside = [path / WEIGHTS, path / networks.PUBLISHED]
    return next((file for file in inside if file.is_file()), path)


def load_codec(path: Path) -> FrameKL:
    """A codec: a run's folder, a file of ours, or a published folder of an AutoencoderKL.

    Raises:
        UsageError: when there is no such file or folder.
        EchoError: when it is none of these, or damaged.
    """
    if not path.exists():
        raise UsageError(f"no such codec: {path}")
    if path.is_dir() and not (path / WEIGHTS).is_file():
        parts: Mapping[str, Any] = {"vae": networks.load_folder(path)}
        known: Mapping[str, Any] = {"patch": 1}
    else:
        parts, known = networks.load(_weights(path))
    network, patch = parts.get("vae"), known.get("patch")
    if not isinstance(network, AutoencoderKL) or not isinstance(patch, int):
        raise EchoError(f"{path} holds no codec: it has no AutoencoderKL, or does not say its patch")
    posterior = known.get("posterior", "normal")
    if posterior not in POSTERIORS:
        raise EchoError(f"{path}: posterior {posterior!r} is not known; known are {', '.join(POSTERIORS)}")
    return POSTERIORS[posterior](parts["vae"], patch)


def to_signal(frames: Tensor) -> Tensor:
    """Grey 0..255 to [-1, 1], float32."""
    return frames.float() / 127.5 - 1


def to_frames(clip: Tensor) -> Frames:
    """uint8 (T, H, W) of one clip (1, T, H, W) in [-1, 1]; what lies beyond is clamped."""
    grey = ((clip[0].float().cpu().clamp(-1, 1) + 1) * 127.5).round()
    return grey.to(torch.uint8).numpy()
