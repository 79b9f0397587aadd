"""Teaching an AutoencoderKL frames: their pixels, what a segmentation network sees in them, their grain."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from monai.losses import PatchAdversarialLoss
from monai.networks.nets import PatchDiscriminator
from torch import Tensor, nn
from torch.distributions import Gamma, kl_divergence
from torch.nn import functional as F

from echodfkd.students.checkpoint import load_network
from echodfkd.students.shift import WholeClip
from echodfkd.synth.diffusion.codec import PRIOR, gamma_posterior, gamma_scale, to_signal
from echodfkd.synth.diffusion.corpus import Corpus, as_tensor, picked
from echodfkd.synth.diffusion.tasks import grid
from echodfkd.synth.diffusion.training import Losses
from echodfkd.weights import FOLDER

EYE = FOLDER / "teacher-sim.safetensors"
SCALES = 3  # of its encoder: 1/2, 1/4 and 1/8


class Perceptual(nn.Module):
    """How differently the embedded teacher sees two pictures (after Johnson et al. 2016, with its eyes).

    Weights that were trained on photographs are not needed and not fetched.
    """

    def __init__(self) -> None:
        super().__init__()
        self.eye: Any = load_network(EYE)[0].requires_grad_(False)

    def _look(self, frames: Tensor) -> list[Tensor]:
        seen = self.eye.eval().look((frames[:, None] + 1) * 127.5)
        scales = self.eye.network.encode(seen, WholeClip(len(frames), 1))[:SCALES]
        return [F.normalize(scale, dim=1) for scale in scales]

    def forward(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """Mean squared distance of normalised features of frames (N, 1, H, W) in [-1, 1]."""
        with torch.no_grad():
            targets = self._look(theirs)
        pairs = zip(self._look(ours), targets, strict=True)
        return torch.stack([(a - b).square().sum(1).mean() for a, b in pairs]).sum()


class Autoencoding:
    """Teaches an AutoencoderKL: absolute error, features, a patch critic's word, and a little KL divergence.

    Args:
        network: diffusers' AutoencoderKL. patch: see `FrameKL`. corpus: of clips.
        features, adversarial, divergence: weights beside the absolute error.
        critic_from: step from which the critic has a word. seed: of the order of frames.
        decoder_only: the encoder, and so the latents, stay as they are.
    """

    def __init__(
        self,
        network: Any,
        patch: int,
        corpus: Corpus,
        *,
        features: float = 0.2,
        adversarial: float = 0.02,
        divergence: float = 1e-6,
        critic_from: int = 1000,
        seed: int = 0,
        decoder_only: bool = False,
    ) -> None:
        self.network, self.patch, self.corpus, self.seed = network, patch, corpus, seed
        self.weights = {"features": features, "adversarial": adversarial, "divergence": divergence}
        self.critic_from = critic_from
        network.requires_grad_(True)
        if decoder_only:
            network.encoder.requires_grad_(False)
            network.quant_conv.requires_grad_(False)
        self.perceptual = Perceptual()
        self.critic: nn.Module | None = PatchDiscriminator(
            spatial_dims=2, channels=16, in_channels=1, out_channels=1, num_layers_d=3
        )
        self.judge = PatchAdversarialLoss(criterion="hinge")
        self._last: Tensor | None = None

    def batch(self, step: int, count: int) -> dict[str, Tensor]:
        """`frames` (count, 1, H, W) in [-1, 1], each of another window."""
        which = picked(len(self.corpus), count, step, self.seed)
        frame = np.random.default_rng((self.seed, step)).integers(0, self.corpus.length[which])
        return {"frames": to_signal(as_tensor(self.corpus.frames[which, frame]))[:, None]}

    def losses(self, batch: Mapping[str, Tensor], step: int, rng: torch.Generator) -> Losses:
        """Of a batch; the critic's word from step `critic_from` on."""
        assert self.critic is not None
        frames = batch["frames"]
        posterior = self.network.encode(torch.pixel_unshuffle(frames, self.patch)).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=rng).to(frames)
        ours = self._decoded(posterior.mean + posterior.std * noise)
        self._last = ours.detach()
        losses = {
            "pixels": (ours - frames).abs().mean(),
            "features": self.weights["features"] * self.perceptual.to(frames.device)(ours, frames),
            "divergence": self.weights["divergence"] * posterior.kl().mean(),
        }
        if step >= self.critic_from:
            word = self.judge(self.critic(ours)[-1], target_is_real=True, for_discriminator=False)
            losses["adversarial"] = self.weights["adversarial"] * word
        else:
            losses["adversarial"] = frames.new_zeros(())
        return losses

    def _decoded(self, latents: Tensor) -> Tensor:
        return torch.pixel_shuffle(self.network.decode(latents).sample, self.patch)

    def _mean(self, folded: Tensor) -> Tensor:
        return self.network.encode(folded).latent_dist.mean

    def critic_loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Hinge loss of the critic on the frames and on what was made of them."""
        assert self.critic is not None and self._last is not None
        real = self.judge(self.critic(batch["frames"])[-1], target_is_real=True, for_discriminator=True)
        made = self.judge(self.critic(self._last)[-1], target_is_real=False, for_discriminator=True)
        return (real + made) / 2

    def pictures(self) -> Tensor | None:
        """Frames of the corpus beside what becomes of them."""
        device = next(self.network.parameters()).device
        frames = to_signal(as_tensor(self.corpus.frames[:4, :4])).to(device)
        with torch.no_grad():
            folded = torch.pixel_unshuffle(frames.flatten(0, 1)[:, None], self.patch)
            ours = self._decoded(self._mean(folded))
            ours = ours[:, 0].unflatten(0, frames.shape[:2])
        return grid(torch.cat([frames, ours], 1)[:, None])


class GammaAutoencoding(Autoencoding):
    """Teaches an AutoencoderKL of one latent channel a Gamma posterior (arXiv 2409.19371); it has no critic.

    Latents are drawn from the posterior, by implicit reparameterisation (Figurnov et al. 2018).

    Args:
        network, patch, corpus, seed: as of `Autoencoding`.
        pixels, features, divergence: weights of squared error, features and KL divergence from the prior.
    """

    def __init__(
        self,
        network: Any,
        patch: int,
        corpus: Corpus,
        *,
        pixels: float = 10.0,
        features: float = 1.0,
        divergence: float = 1e-3,
        seed: int = 0,
    ) -> None:
        super().__init__(network, patch, corpus, features=features, divergence=divergence, seed=seed)
        self.weights["pixels"] = pixels
        self.critic = None
        gamma_scale(network)

    def losses(self, batch: Mapping[str, Tensor], step: int, rng: torch.Generator) -> Losses:
        """Of a batch. The draw is torch's own, which the training seeds for every step."""
        frames = batch["frames"]
        posterior = gamma_posterior(self.network, torch.pixel_unshuffle(frames, self.patch))
        ours = self._decoded(posterior.rsample())
        prior = Gamma(*frames.new_tensor(PRIOR))
        return {
            "pixels": self.weights["pixels"] * (ours - frames).square().mean(),
            "features": self.weights["features"] * self.perceptual.to(frames.device)(ours, frames),
            "divergence": self.weights["divergence"] * kl_divergence(posterior, prior).mean(),
        }

    def _mean(self, folded: Tensor) -> Tensor:
        return gamma_posterior(self.network, folded).mean
