"""The 3D VQ-GAN: MONAI's VQVAE, with a codebook that begins at the data and takes up what nobody uses."""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from monai.networks.layers.vector_quantizer import EMAQuantizer, VectorQuantizer
from monai.networks.nets import VQVAE
from torch import Tensor

DECAY, COMMITMENT = 0.99, 0.25
DEAD, BORN = 0.1, 0.2  # of the share that each code would have if all were used alike
HALVING = (2, 4, 1, 1)  # stride, kernel, dilation, padding
DOUBLING = (2, 4, 1, 1, 0)


class Codebook(EMAQuantizer):
    """MONAI's codebook of running means; its codes begin at latents of the first batch.

    A code that is hardly used any more begins anew at a latent of the batch at hand. Whether the codes have
    begun is a buffer, so that a resumed run goes on with the codebook that it had.
    """

    def __init__(self, codes: int, width: int) -> None:
        super().__init__(3, codes, width, commitment_cost=COMMITMENT, decay=DECAY)
        self.register_buffer("initialised", torch.zeros((), dtype=torch.uint8))
        self.initialised: Tensor

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latents (B, C, t, h, w) -> their codes, with a straight-through gradient; loss; numbers of codes.

        In training the codebook learns from them.
        """
        if not self.training:
            return super().forward(inputs)
        vectors = inputs.detach().float().movedim(1, -1).reshape(-1, self.embedding_dim)
        share = len(vectors) / self.num_embeddings
        if not self.initialised:
            self._begin(torch.ones_like(self.ema_cluster_size, dtype=torch.bool), vectors, share)
            self.initialised.fill_(1)
        found = super().forward(inputs)
        self._begin(self.ema_cluster_size < DEAD * share, vectors, BORN * share)
        return found

    def _begin(self, which: Tensor, vectors: Tensor, size: float) -> None:
        """Codes `which` (codes,) begin at any of the vectors, as if each had been used `size` times."""
        count = int(which.sum())
        if not count:
            return
        picks = torch.randint(len(vectors), (count,)).to(vectors.device)  # seeded for each step
        self.embedding.weight.data[which] = vectors[picks]
        self.ema_w[which] = vectors[picks] * size
        self.ema_cluster_size[which] = size


class VQGAN3D(VQVAE, ConfigMixin):
    """MONAI's VQVAE in three dimensions, with `Codebook`, and a configuration as diffusers' networks have it.

    Args:
        channels: of each level; each halves all three axes. blocks: residual blocks of a level.
        codes, width: of the codebook.
    """

    config_name: Any = "config.json"

    @register_to_config
    def __init__(
        self, channels: Sequence[int] = (32, 64), blocks: int = 1, codes: int = 512, width: int = 8
    ) -> None:
        super().__init__(
            spatial_dims=3,
            in_channels=1,
            out_channels=1,
            channels=tuple(channels),
            num_res_layers=blocks,
            num_res_channels=tuple(channels),
            downsample_parameters=(HALVING,) * len(channels),
            upsample_parameters=(DOUBLING,) * len(channels),
            num_embeddings=1,  # replaced below
            embedding_dim=width,
        )
        self.num_embeddings = codes
        self.quantizer = VectorQuantizer(Codebook(codes, width))

    @property
    def codebook(self) -> Codebook:
        """Its codebook."""
        book: Any = self.quantizer.quantizer
        return book
