"""simclip's two towers: a narrow VoVNet (Lee et al. 2019) for frames, a small transformer for sentences.

No decoder, no shift in time, no residuals around pairs of convolutions: another build than teachers and
students. B pictures, S pixels a side, N sentences, L words, D numbers of an embedding.
"""

from typing import Any, NamedTuple

import torch
from timm.models.vovnet import VovNet
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.eval.auxiliary.simclip.words import LENGTH, NUMBER_OF

SIZE = 112  # S
CELL = 8  # pixels: side of the cells whose shares are named
SHARES = 3  # of a cell: LV, masked, both


class Seen(NamedTuple):
    """What the image tower makes of pictures.

    Attributes:
        embedding: (B, D), unit length. cells: logits (B, SHARES, S / 8, S / 8) of the share of each cell
            that is LV, that is masked, and that is both.
    """

    embedding: Tensor
    cells: Tensor


class ImageTower(nn.Module):
    """Frames -> embedding. What is seen at 1/8 is pooled, with the sums of the cells' shares beside it.

    Args:
        width: multiplies the channels. depth: blocks at 1/8. dimensions: D.
    """

    def __init__(self, width: float = 1.0, depth: int = 2, dimensions: int = 96) -> None:
        super().__init__()

        def wide(*channels: int) -> list[int]:
            return [8 * max(1, round(width * c / 8)) for c in channels]

        out = wide(40, 96, 128, 128)
        form: dict[str, Any] = {
            "stem_chs": wide(16, 16, 32),
            "stage_conv_chs": wide(16, 40, 56, 56),
            "stage_out_chs": out,
            "layer_per_block": 3,
            "block_per_stage": [1, depth, 1, 1],
            "residual": False,
            "depthwise": False,
            "attn": "ese",
        }
        self.stages = VovNet(form, num_classes=0, stem_stride=4).stages[:3]
        first = nn.Conv2d(16, form["stem_chs"][-1], 3, 1, 1, bias=False)  # on 4x4 pixels as channels: quick
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(4), first, nn.BatchNorm2d(first.out_channels), nn.ReLU(inplace=True)
        )
        self.cells = nn.Conv2d(out[1], SHARES, 1)
        self.mix = nn.Sequential(nn.Linear(out[1] + out[2] + SHARES + 2, 192), nn.GELU())
        self.out = nn.Linear(192, dimensions)

    def forward(self, frames: Tensor) -> Seen:
        """Grey frames, float 0..255 (B, 1, S, S)."""
        x = self.stages[0](self.stem(frames / 64 - 1))
        at8 = self.stages[1](x)
        at16 = self.stages[2](at8)
        cells = self.cells(at8)
        sums = torch.sigmoid(cells).mean((2, 3))
        lv, masked, both = sums.unbind(1)
        ratios = torch.stack(
            [(2 * both + 1e-3) / (lv + masked + 1e-3), torch.log((masked + 3e-3) / (lv + 3e-3))], 1
        )
        pooled = torch.cat([at8.mean((2, 3)), at16.mean((2, 3)), 10 * sums, 2 * ratios], 1)
        return Seen(F.normalize(self.out(self.mix(pooled)), dim=1), cells)

    def features(self, frames: Tensor) -> Tensor:
        """What is seen at 1/4, and smoothly enlarged at 1/8: (B, 1, S, S) -> (B, C, S / 4, S / 4)."""
        at4 = self.stages[0](self.stem(frames / 64 - 1))
        at8 = self.stages[1](at4)
        wide = F.interpolate(at8, scale_factor=2.0, mode="bilinear", align_corners=False)
        return torch.cat([at4, wide], 1)


class TextTower(nn.Module):
    """Words -> embedding: a transformer of two layers, its mean over words."""

    def __init__(self, width: int = 64, layers: int = 2, dimensions: int = 96) -> None:
        super().__init__()
        self.words = nn.Embedding(1 + len(NUMBER_OF), width, padding_idx=0)
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(width, dimensions)

    def forward(self, words: Tensor) -> Tensor:
        """int64 (N, L), 0 for no word -> (N, D), unit length."""
        none = words == 0
        x = self.layers(self.words(words) + self.places, src_key_padding_mask=none)
        inside = (~none)[:, :, None].float()
        return F.normalize(self.out((x * inside).sum(1) / inside.sum(1).clamp_min(1)), dim=1)


class SimClipNetwork(nn.Module):
    """Both towers and the temperature of their contrast.

    Args:
        width, depth: see `ImageTower`. dimensions: D.
    """

    def __init__(self, width: float = 1.0, depth: int = 2, dimensions: int = 96) -> None:
        super().__init__()
        self.image = ImageTower(width, depth, dimensions)
        self.text = TextTower(dimensions=dimensions)
        self.scale = nn.Parameter(torch.tensor(2.7))  # logarithm of what similarities are multiplied by

    def forward(self, frames: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, N) of frames (B, 1, S, S) against sentences (N, L), and the cells (see `Seen`)."""
        seen = self.image(frames)
        return self.contrast(seen.embedding, self.text(words)), seen.cells

    def contrast(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """Logits (B, N) of embeddings (B, D) and (N, D)."""
        return self.scale.clamp(max=4.6).exp() * pictures @ texts.T
