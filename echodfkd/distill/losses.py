"""Losses on soft masks: plain functions of logits and target probabilities, by name in `LOSSES`.

Each takes logits z and target p of one shape, (..., H, W), with s = sigmoid(z), and optionally a weight of
each pixel, broadcast to that shape, for what a target says with less certainty; and gives a scalar.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
EDGE = 1 / 510  # a mask of 8 bits says no more than this about how certain it is: half a grey level
TEMPERATURE = 2.0
BAND = 5  # pixels: how wide a boundary counts


def soft_bce(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean binary cross-entropy to a soft mask, -[p log s + (1 - p) log(1 - s)] (EchoDFKD, section 3).

    >>> float(soft_bce(torch.zeros(4), torch.tensor([0.0, 0.5, 1.0, 1.0])))  # log 2, whatever the target
    0.6931471824645996
    """
    if weight is None:
        return F.binary_cross_entropy_with_logits(logits, target)
    return mean(F.binary_cross_entropy_with_logits(logits, target, reduction="none"), weight)


def soft_dice(logits: Tensor, target: Tensor, weight: Tensor | None = None, smooth: float = 50.0) -> Tensor:
    """1 - Dice of soft masks, mean over images: 1 - (2 sum(sp) + e) / (sum(s) + sum(p) + e).

    Args:
        smooth: e in pixels; lets an empty image with a nearly empty prediction count as right.

    >>> round(float(soft_dice(torch.full((1, 10, 10), 20.0), torch.ones(1, 10, 10), smooth=0.0)), 4)
    0.0
    """
    s = torch.sigmoid(logits)
    shared, both = s * target, s + target
    if weight is not None:
        shared, both = shared * weight, both * weight
    inter, total = shared.sum((-2, -1)), both.sum((-2, -1))
    return (1 - (2 * inter + smooth) / (total + smooth)).mean()


def temperature_kl(
    logits: Tensor, target: Tensor, weight: Tensor | None = None, temperature: float = TEMPERATURE
) -> Tensor:
    """tau^2 KL(p_tau || s_tau) with s_tau = sigmoid(z / tau), p_tau of logit(p) alike (Hinton et al. 2015).

    A temperature above 1 makes the student learn how far the teacher is from its other answer, too.

    >>> round(float(temperature_kl(torch.zeros(1), torch.ones(1) / 2)), 4)
    0.0
    """
    p = torch.sigmoid(torch.logit(target, EDGE) / temperature)
    cross = F.binary_cross_entropy_with_logits(logits / temperature, p, reduction="none")
    entropy = F.binary_cross_entropy(p, p, reduction="none")
    return temperature**2 * mean(cross - entropy, weight)


def channel_wise(
    logits: Tensor, target: Tensor, weight: Tensor | None = None, temperature: float = TEMPERATURE
) -> Tensor:
    """tau^2 KL(P || S) of where in the image the LV is, mean over images (Shu et al. 2021, CWD, equation 4).

    P and S are softmaxes over the H x W positions, of logit(p) / tau and z / tau: only the place counts, not
    how much of it there is. With a weight each position's part of the sum is weighted.

    >>> round(float(channel_wise(torch.zeros(1, 1, 2), torch.ones(1, 1, 2))), 4)
    0.0
    """
    return place_kl(logits, torch.logit(target, EDGE), weight, temperature)


def place_kl(z: Tensor, taught: Tensor, weight: Tensor | None, temperature: float = TEMPERATURE) -> Tensor:
    """tau^2 KL of two maps (..., H, W) as distributions over their positions, mean over the maps."""
    log_s = F.log_softmax(z.flatten(-2) / temperature, -1)
    log_p = F.log_softmax(taught.flatten(-2) / temperature, -1)
    each = log_p.exp() * (log_p - log_s)
    if weight is not None:
        each = each * weight.expand_as(z).flatten(-2)
    return temperature**2 * each.sum(-1).mean()


def boundary(logits: Tensor, target: Tensor, weight: Tensor | None = None, band: int = BAND) -> Tensor:
    """Binary cross-entropy where the target has its boundary: sum(b l) / sum(b), 0 where there is none.

    b is the morphological gradient of the soft mask, its dilation minus its erosion by a square of `band`
    pixels: 1 along a sharp boundary, 0 inside and outside, little where the target is unsure anyway.
    """
    images = target.flatten(0, -3)[:, None]
    grown = F.max_pool2d(images, band, 1, band // 2)
    shrunk = -F.max_pool2d(-images, band, 1, band // 2)
    ring = (grown - shrunk).view_as(target)
    if weight is not None:
        ring = ring * weight
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (each * ring).sum() / ring.sum().clamp_min(1.0)


def temporal(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean squared difference of the changes from frame to frame: |(s_t+1 - s_t) - (p_t+1 - p_t)|^2.

    A contour should move where the teacher's moves and stand still where it stands still; without optical
    flow, which speckle misleads (after Liu et al. 2020, section 3.2).

    Args:
        logits, target: (B, T, 1, H, W); of a single frame the loss is 0.
    """
    change = torch.sigmoid(logits).diff(dim=1) - target.diff(dim=1)
    if not change.numel():
        return logits.sum() * 0
    return mean(change**2, None if weight is None else torch.minimum(weight[:, 1:], weight[:, :-1]))


def mean(each: Tensor, weight: Tensor | None) -> Tensor:
    """Mean over pixels; with a weight sum(w l) / sum(w).

    >>> float(mean(torch.tensor([1.0, 3.0]), torch.tensor([3.0, 1.0])))
    1.5
    """
    if weight is None:
        return each.mean()
    weight = weight.expand_as(each)
    return (each * weight).sum() / weight.sum().clamp_min(1e-6)


LOSSES: dict[str, Loss] = {
    "bce": soft_bce,
    "dice": soft_dice,
    "kl": temperature_kl,
    "channel": channel_wise,
    "boundary": boundary,
    "temporal": temporal,
}


def mask_loss(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """The default of training and distillation: soft BCE plus half the soft Dice loss."""
    return soft_bce(logits, target, weight) + 0.5 * soft_dice(logits, target, weight)


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
