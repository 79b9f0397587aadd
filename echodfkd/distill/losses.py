"""Losses on soft masks: plain functions of logits and target probabilities of one shape."""

import torch
from torch import Tensor
from torch.nn import functional as F


def soft_bce(logits: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross-entropy to a soft mask, -[p log s(x) + (1 - p) log(1 - s(x))] (EchoDFKD, section 3).

    Args:
        logits: any shape. target: the same shape, probabilities 0..1.

    >>> float(soft_bce(torch.zeros(4), torch.tensor([0.0, 0.5, 1.0, 1.0])))  # log 2, whatever the target
    0.6931471824645996
    """
    return F.binary_cross_entropy_with_logits(logits, target)


def soft_dice(logits: Tensor, target: Tensor, smooth: float = 50.0) -> Tensor:
    """1 - Dice of soft masks, mean over images: 1 - (2 sum(sp) + e) / (sum(s) + sum(p) + e).

    Args:
        logits: (..., H, W). target: the same shape, probabilities 0..1.
        smooth: e in pixels; lets an empty image with a nearly empty prediction count as right.

    >>> round(float(soft_dice(torch.full((1, 10, 10), 20.0), torch.ones(1, 10, 10), smooth=0.0)), 4)
    0.0
    """
    s = torch.sigmoid(logits)
    inter, total = (s * target).sum((-2, -1)), (s + target).sum((-2, -1))
    return (1 - (2 * inter + smooth) / (total + smooth)).mean()


def mask_loss(logits: Tensor, target: Tensor) -> Tensor:
    """The default of training and distillation: soft BCE plus half the soft Dice loss."""
    return soft_bce(logits, target) + 0.5 * soft_dice(logits, target)


def tissue_loss(logits: Tensor, shares: Tensor) -> Tensor:
    """Mean cross-entropy of tissue classes, -sum_k p_k log s_k, over the pixels that have a class.

    To tell the left atrium from the left ventricle a network has to know both, not only what is no LV.

    Args:
        logits: (N, K, h, w). shares: (N, K, h, w), share of each class in a pixel; all 0 where it is unknown.

    >>> one = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)
    >>> round(float(tissue_loss(torch.zeros(1, 2, 1, 1), one)), 4)  # log 2
    0.6931
    """
    each = -(shares * F.log_softmax(logits, 1)).sum(1)
    return each.sum() / shares.sum().clamp_min(1.0)
