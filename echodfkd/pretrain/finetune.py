"""Segmenting few labelled clips: cross-entropy and Dice, with MONAI's augmentations."""

from collections.abc import Mapping

import numpy as np
import torch
from monai import transforms as t
from monai.losses import DiceCELoss
from monai.metrics import DiceMetric
from monai.networks.utils import one_hot
from torch import Tensor, nn

from echodfkd.pretrain.volumes import CLASSES, Volumes

NAMES = ("LV", "myocardium", "LA")
CHANCE = 0.3
BOTH = ["image", "label"]


def augmentation(seed: int) -> t.Compose:
    """Flip, affine, ringing, noise, blur, bias field and gamma, each by chance, as in arXiv 2211.03364.

    Gibbs ringing stands where the paper has the ghosts of torchio.
    """
    chain = t.Compose(
        [
            t.RandFlipd(BOTH, CHANCE, spatial_axis=2),
            t.RandAffined(
                BOTH,
                prob=CHANCE,
                rotate_range=(0.2, 0.0, 0.0),
                scale_range=(0.0, 0.1, 0.1),
                translate_range=(0, 6, 6),
                mode=("bilinear", "nearest"),
                padding_mode="zeros",
            ),
            t.RandGibbsNoised(["image"], CHANCE, alpha=(0.0, 0.5)),
            t.RandGaussianNoised(["image"], CHANCE, std=0.05),
            t.RandGaussianSmoothd(["image"], (0.0, 0.5), (0.3, 1.0), (0.3, 1.0), prob=CHANCE),
            t.RandBiasFieldd(["image"], coeff_range=(0.0, 0.2), prob=CHANCE),
            t.RandAdjustContrastd(["image"], CHANCE, gamma=(0.7, 1.5)),
            t.ToTensord(BOTH, track_meta=False),
        ]
    )
    chain.set_random_state(seed)
    return chain


def batch_of(few: Volumes, count: int, step: int, seed: int) -> tuple[Tensor, Tensor]:
    """Augmented frames and labels of a step, from (seed, step) alone."""
    assert few.labels is not None
    rng = np.random.default_rng((seed, step))
    chain = augmentation(int(rng.integers(2**31)))
    picks = rng.integers(0, len(few), count)
    pairs: list[Mapping[str, Tensor]] = [
        chain({"image": few.frames[pick], "label": few.labels[pick].float()}) for pick in picks
    ]
    images = torch.stack([pair["image"].float() for pair in pairs]).clamp(0, 1)
    return images, torch.stack([pair["label"].round().long() for pair in pairs])


def segmentation_loss() -> nn.Module:
    """Cross-entropy plus Dice of logits (B, CLASSES, T, H, W) against labels (B, 1, T, H, W)."""
    return DiceCELoss(to_onehot_y=True, softmax=True)


@torch.no_grad()
def dice(network: nn.Module, volumes: Volumes, device: torch.device) -> dict[str, float]:
    """Mean Dice of each class over clips that show it, each clip as a whole, and their mean as `mean`."""
    assert volumes.labels is not None
    metric = DiceMetric(include_background=False, ignore_empty=True, reduction="none")
    network.eval()
    for frames, labels in zip(volumes.frames, volumes.labels, strict=True):
        found = network(frames[None].to(device)).argmax(1, keepdim=True).cpu()
        metric(one_hot(found, CLASSES), one_hot(labels[None], CLASSES))
    each = np.nanmean(np.asarray(metric.aggregate()), 0)
    found = {name: float(value) for name, value in zip(NAMES, each, strict=True)}
    return found | {"mean": float(each.mean())}
