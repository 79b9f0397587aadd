"""What the VQ-GAN learns: clips, their slices as a segmentation network sees them, and two critics' words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.losses import PatchAdversarialLoss
from monai.networks.nets import PatchDiscriminator
from torch import Tensor, nn

from echodfkd.synth.diffusion.autoencoder import Perceptual
from echodfkd.synth.diffusion.codec import to_signal
from echodfkd.synth.diffusion.corpus import Corpus, as_tensor, picked
from echodfkd.synth.diffusion.tasks import grid
from echodfkd.synth.diffusion.training import Losses
from echodfkd.synth.medical_diffusion.codec import padded
from echodfkd.synth.medical_diffusion.vqgan import VQGAN3D


@dataclass(frozen=True)
class Weights:
    """Of the losses beside the codebook's own; the paper's unless told otherwise."""

    pixels: float = 4.0
    features: float = 4.0
    adversarial: float = 1.0
    matching: float = 4.0


class Critics(nn.Module):
    """Two patch critics: of single slices, and of whole clips or volumes (arXiv 2211.03364, section 4.2).

    Args:
        channels: of their first layers.
    """

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        one: Any = {"channels": channels, "in_channels": 1, "out_channels": 1}
        self.slices = PatchDiscriminator(spatial_dims=2, num_layers_d=3, **one)
        self.volume = PatchDiscriminator(spatial_dims=3, num_layers_d=2, last_conv_kernel_size=1, **one)

    def forward(self, clips: Tensor, picks: Tensor) -> list[list[Tensor]]:
        """Each critic's layers, for slice `picks` (B,) of clips (B, 1, T, H, W) and for the clips."""
        return [self.slices(slices_of(clips, picks)), self.volume(clips)]


def slices_of(clips: Tensor, picks: Tensor) -> Tensor:
    """(B, 1, H, W): slice `picks` (B,) of clips (B, 1, T, H, W)."""
    return clips[torch.arange(len(clips)), :, picks]


class VolumeAutoencoding:
    """Teaches a VQ-GAN crops of clips.

    Args:
        network: the VQ-GAN. corpus: of clips. weights: of the losses.
        frames, size: of the crops, at most the corpus's own. critic_from: step from which the critics have a
            word. critic_channels: see `Critics`. seed: of the order and the places of the crops.
    """

    def __init__(
        self,
        network: VQGAN3D,
        corpus: Corpus,
        weights: Weights = Weights(),
        *,
        frames: int,
        size: int,
        critic_from: int = 1000,
        critic_channels: int = 16,
        seed: int = 0,
    ) -> None:
        self.network: Any = network
        self.corpus, self.weights, self.critic_from, self.seed = corpus, weights, critic_from, seed
        own, factor = corpus.shape, 2 ** len(self.network.channels)
        crop = [min(frames, own.frames), *[min(size, own.size)] * 2]
        self.crop, self.factor = [max(n - n % factor, min(n, factor)) for n in crop], factor
        self.perceptual = Perceptual()
        self.critic: nn.Module | None = Critics(critic_channels)
        self.judge = PatchAdversarialLoss(criterion="hinge")
        self._last: Tensor | None = None

    def batch(self, step: int, count: int) -> dict[str, Tensor]:
        """`clips` (count, 1, T, H, W) in [-1, 1], cut from anywhere; `picks` (count,), a slice of each."""
        which = picked(len(self.corpus), count, step, self.seed)
        rng = np.random.default_rng((self.seed, step))
        whole = (self.corpus.shape.frames, self.corpus.shape.size, self.corpus.shape.size)
        cuts = []
        for one in which:
            starts = [rng.integers(0, w - c + 1) for w, c in zip(whole, self.crop, strict=True)]
            place = tuple(slice(s, s + c) for s, c in zip(starts, self.crop, strict=True))
            cuts.append(self.corpus.frames[one][place])
        picks = torch.from_numpy(rng.integers(0, self.crop[0], count))
        clips = to_signal(as_tensor(np.stack(cuts)))[:, None]
        return {"clips": padded(clips, self.factor), "picks": picks}

    def losses(self, batch: Mapping[str, Tensor], step: int, rng: torch.Generator) -> Losses:
        """Of a batch; the codebook learns as well. The critics' word counts from step `critic_from` on."""
        clips, picks, weights = batch["clips"], batch["picks"], self.weights
        ours, commitment = self.network(clips)
        self._last = ours.detach()
        look = self.perceptual.to(clips.device)
        losses = {
            "pixels": weights.pixels * (ours - clips).abs().mean(),
            "commitment": commitment,
            "features": weights.features * look(slices_of(ours, picks), slices_of(clips, picks)),
            "adversarial": clips.new_zeros(()),
            "matching": clips.new_zeros(()),
        }
        return losses if step < self.critic_from else losses | self._words(ours, clips, picks)

    def _words(self, ours: Tensor, clips: Tensor, picks: Tensor) -> Losses:
        assert self.critic is not None
        said = self.critic(ours, picks)
        with torch.no_grad():
            meant = self.critic(clips, picks)
        words = [self.judge(one[-1], target_is_real=True, for_discriminator=False) for one in said]
        near = [
            torch.stack([(a - b).abs().mean() for a, b in zip(one[:-1], other[:-1], strict=True)]).mean()
            for one, other in zip(said, meant, strict=True)
        ]
        return {
            "adversarial": self.weights.adversarial * torch.stack(words).sum(),
            "matching": self.weights.matching * torch.stack(near).sum(),
        }

    def critic_loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Hinge loss of both critics on the clips and on what was made of them."""
        assert self.critic is not None and self._last is not None
        total = batch["clips"].new_zeros(())
        for clips, real in ((batch["clips"], True), (self._last, False)):
            for one in self.critic(clips, batch["picks"]):
                total = total + self.judge(one[-1], target_is_real=real, for_discriminator=True) / 2
        return total

    def pictures(self) -> Tensor | None:
        """Clips of the corpus beside what becomes of them."""
        frames, size = self.crop[:2]
        clips = to_signal(as_tensor(self.corpus.frames[:4, :frames, :size, :size]))[:, None]
        clips = padded(clips, self.factor).to(next(self.network.parameters()).device)
        with torch.no_grad():
            ours, _ = self.network(clips)
        shown = [grid(part[:, :, :: max(frames // 4, 1)]) for part in (clips, ours)]
        return torch.cat(shown, 2)
