"""The small text-conditioned network: words become tokens, and diffusers' UNet2DConditionModel heeds them."""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.embeddings import get_timestep_embedding
from torch import Tensor, nn

from echodfkd.synth.diffecho.words import TELLING, Said

LENGTH = 4  # of a sentence: view, phase, fraction, size
RADIX = 1000.0  # a share of 0..1 is told by the sinusoids of time, at a thousand times itself


class WordUNet(nn.Module, ConfigMixin):
    """A UNet of pictures that is told words, by cross-attention and, all of them together, beside the time.

    Words are a number in the vocabulary (0: no word) and a share, see `word_value`.

    Args:
        in_channels, out_channels: of the pictures. channels, blocks: of each level.
        attention: which levels heed the words; the middle does in any case. heads: of attention.
        groups: of the norms. width: of a word. words: how many there are.
    """

    config_name: Any = "config.json"

    @register_to_config
    def __init__(
        self,
        in_channels: int = 4,
        out_channels: int = 4,
        channels: Sequence[int] = (32, 64, 96),
        blocks: int = 1,
        attention: Sequence[bool] = (False, False, True),
        heads: int = 4,
        groups: int = 8,
        width: int = 64,
        words: int = len(TELLING),
    ) -> None:
        super().__init__()
        self.width = width
        self.word = nn.Embedding(words + 1, width)
        self.share = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.sentence = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        down = tuple("CrossAttnDownBlock2D" if has else "DownBlock2D" for has in attention)
        up = tuple("CrossAttnUpBlock2D" if has else "UpBlock2D" for has in reversed(attention))
        self.unet: Any = UNet2DConditionModel(
            in_channels=in_channels,
            out_channels=out_channels,
            down_block_types=down,
            up_block_types=up,
            block_out_channels=tuple(channels),
            layers_per_block=blocks,
            norm_num_groups=groups,
            cross_attention_dim=width,
            attention_head_dim=heads,  # diffusers' name for their number
            class_embed_type="projection",
            projection_class_embeddings_input_dim=width,
        )

    def forward(self, x: Tensor, time: Tensor, words: Tensor, return_dict: bool = False) -> tuple[Tensor]:
        """The raw output, of the shape of x (N, C, h, w), for words (N, LENGTH, 2)."""
        number, share = words[..., 0].round().long(), words[..., 1]
        sinusoids = get_timestep_embedding(share.flatten() * RADIX, self.width).unflatten(0, share.shape)
        numeric = (share > 0)[..., None] * self.share(sinusoids.to(x))
        told = self.sentence(self.word(number) + numeric)
        output: tuple[Tensor] = self.unet(x, time, told, class_labels=told.sum(1), return_dict=False)
        return output


def word_value(all_said: Sequence[Said]) -> Tensor:
    """What "words" is told, (B, LENGTH, 2): number of each telling word, and its share; zeros behind them."""
    value = torch.zeros(len(all_said), LENGTH, 2)
    for row, said in zip(value, all_said, strict=True):
        for place, (word, share) in enumerate(said.words()):
            row[place] = torch.tensor([1 + TELLING.index(word), share])
    return value
