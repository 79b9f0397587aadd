"""What the training loop trains: a denoiser on a corpus, in pixels or behind a codec."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from echodfkd.synth.diffusion.codec import Codec, to_signal
from echodfkd.synth.diffusion.conditions import dropped
from echodfkd.synth.diffusion.corpus import Array, Corpus, as_tensor, picked
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import Noised, Process, shaped
from echodfkd.synth.diffusion.sampler import Sampler, Sampling
from echodfkd.synth.diffusion.training import Losses

CLEAN, INSIDE = "clean", "inside"
Teller = Callable[[Corpus, Array, Array], Tensor]  # corpus, windows, frame picked of each -> a value
SHOWN = 4  # clips of a sample grid
FRAMES_SHOWN = 8


class Denoising:
    """Teaches a denoiser its process.

    Args:
        denoiser: to be trained. process: its noise process.
        corpus: of clips. clean: what is noised, (N, C, T, h, w): latents; None takes the frames as they are.
        tellers: how each conditioner's value is read off the corpus.
        sampling: for the grids. codec: to look at latents.
        frames: of a window that is trained on, from anywhere in the corpus's windows; None for all.
        offset: standard deviation of a shift that all pixels of a channel share (offset noise).
        power: of the error: 2, or 1 for the absolute one.
        seed: of the order of examples.
    """

    critic: nn.Module | None = None

    def __init__(
        self,
        denoiser: Denoiser,
        process: Process,
        corpus: Corpus,
        clean: Array | None,
        tellers: Mapping[str, Teller],
        sampling: Sampling,
        codec: Codec,
        *,
        frames: int | None = None,
        offset: float = 0.0,
        power: int = 2,
        seed: int = 0,
    ) -> None:
        self.network: nn.Module = denoiser.network
        self.denoiser, self.process, self.corpus, self.clean = denoiser, process, corpus, clean
        self.tellers, self.sampling, self.codec = dict(tellers), sampling, codec
        self.frames, self.offset, self.power, self.seed = frames, offset, power, seed

    def batch(self, step: int, count: int) -> dict[str, Tensor]:
        """`clean`, `inside` (which frames are not filled up), and a value for each conditioner."""
        which = picked(len(self.corpus), count, step, self.seed)
        return self._examples(which, np.random.default_rng((self.seed, step)))

    def _examples(self, which: Array, rng: np.random.Generator) -> dict[str, Tensor]:
        span = self.codec.span  # places and lengths are those of latents, where there are such
        whole, length = -(-self.corpus.shape.frames // span), -(-self.corpus.length[which] // span)
        long = self.frames or whole
        starts = rng.integers(0, np.maximum(length - long, 0) + 1)
        places = starts[:, None] + np.arange(long)
        inside = torch.from_numpy(places < length[:, None]).float()
        told = {name: tell(self.corpus, which, places) for name, tell in self.tellers.items()}
        return {CLEAN: self._clean(which, places), INSIDE: inside, **told}

    def _clean(self, which: Array, places: Array) -> Tensor:
        if self.clean is None:
            return to_signal(as_tensor(self.corpus.frames[which[:, None], places]))[:, None]
        return as_tensor(self.clean[which[:, None], :, places]).transpose(1, 2)

    def losses(self, batch: Mapping[str, Tensor], step: int, rng: torch.Generator) -> Losses:
        """The error, over frames that are not filled up."""
        clean = batch[CLEAN]
        values = {c.name: batch[c.name] for c in self.denoiser.conditioners}
        noised = self.process.noised(clean, self.noise(clean, rng), rng)
        told = dropped(self.denoiser.conditioners, values, rng)
        output = self.denoiser(noised.sample, noised.time.to(clean), told)
        return {"loss": weighted(output, noised, batch[INSIDE], self.power)}

    def noise(self, like: Tensor, rng: torch.Generator) -> Tensor:
        """Unit noise of a batch's shape, offset or not."""
        noise = torch.randn(like.shape, generator=rng)
        if self.offset:
            noise = noise + self.offset * torch.randn(*like.shape[:2], 1, 1, 1, generator=rng)
        return noise.to(like)

    def critic_loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """There is no critic."""
        raise NotImplementedError

    def pictures(self) -> Tensor | None:
        """Samples told what the first windows of the corpus are told."""
        batch = self._examples(np.arange(min(SHOWN, len(self.corpus))), np.random.default_rng(0))
        device = next(self.network.parameters()).device
        values = {c.name: batch[c.name].to(device) for c in self.denoiser.conditioners}
        rngs = [torch.Generator().manual_seed(n) for n in range(len(batch[CLEAN]))]
        shape = batch[CLEAN].shape
        return grid(
            self.codec.decode(Sampler(self.denoiser, self.process, self.sampling).sample(shape, values, rngs))
        )


def weighted(output: Tensor, noised: Noised, inside: Tensor, power: int = 2) -> Tensor:
    """Mean error to a power, over frames (B, T) that are `inside`, each example by its weight."""
    error = (output - noised.target).abs().pow(power).mean((1, 3, 4))
    share = (error * inside).sum(1) / inside.sum(1).clamp(min=1)
    return (share * shaped(noised.weight, share)).mean()


def grid(clips: Tensor) -> Tensor:
    """(1, B * H, n * W) in 0..1 of clips (B, 1, T, H, W) in [-1, 1]: a row of frames for each."""
    count = min(FRAMES_SHOWN, clips.shape[2])
    picks = torch.linspace(0, clips.shape[2] - 1, count).round().long()
    rows = clips[:, 0, picks.to(clips.device)].permute(0, 2, 1, 3).flatten(2)
    return ((rows.flatten(0, 1)[None].float().cpu() + 1) / 2).clamp(0, 1)


def ef(corpus: Corpus, which: Array, places: Array) -> Tensor:
    """(B, 1): ejection fraction in percent; 0, the null, where it is unknown."""
    return as_tensor(np.nan_to_num(corpus.ef[which]))[:, None]


def cone(corpus: Corpus, which: Array, places: Array) -> Tensor:
    """(B, 1, T, H, W): 1 inside the sector."""
    return as_tensor(corpus.sector[which])[:, None, None].expand(-1, -1, places.shape[1], -1, -1).clone()


def classes(labels: Array, factor: int, count: int) -> Tensor:
    """Shares (B, count, T, h, w) of classes 1..count in squares of `factor` pixels of labels (B, T, H, W)."""
    shares: list[Any] = []
    for label in range(1, count + 1):
        hit = torch.from_numpy(np.ascontiguousarray(labels == label)).float()
        shares.append(torch.nn.functional.avg_pool2d(hit, factor))
    return torch.stack(shares, 1)


def reference(latents: Array) -> Teller:
    """(B, C, T, h, w): one frame of the window, the same for all its frames."""

    def tell(corpus: Corpus, which: Array, places: Array) -> Tensor:
        picks = [
            int(p[int(corpus.length[w] * 31 + p[0] * 17 + w) % len(p)])
            for w, p in zip(which, places, strict=True)
        ]
        frames = as_tensor(np.stack([latents[w, :, pick] for w, pick in zip(which, picks, strict=True)]))
        return frames[:, :, None].expand(-1, -1, places.shape[1], -1, -1).clone()

    return tell


def masks(factor: int, count: int) -> Teller:
    """(B, count, T, h, w): shares of the classes in each square of `factor` pixels."""

    def tell(corpus: Corpus, which: Array, places: Array) -> Tensor:
        return classes(corpus.labels[which[:, None], places], factor, count)

    return tell
