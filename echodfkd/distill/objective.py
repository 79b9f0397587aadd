"""What a training step makes smaller: a network and its losses as one module, which processes can share."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.distill.features import FeatureHints
from echodfkd.distill.losses import LOSSES, tissue_loss
from echodfkd.students.tissues import TISSUES, KnowsTissues

TISSUE_WEIGHT = 0.3  # of the tissue loss beside that of the mask, which is what counts in the end


class Goal(NamedTuple):
    """What a network should say of frames (B, T, 1, H, W).

    Attributes:
        mask: LV probability (B, T, 1, H, W), 0..1.
        tissues: (B, T, 6, H, W), 1 where a pixel is of a class; None where that is not known.
        trust: (B, T, 1, H, W), 0..1, how far the mask is to be believed; None for everywhere alike.
    """

    mask: Tensor
    tissues: Tensor | None = None
    trust: Tensor | None = None

    def frame(self, index: int) -> "Goal":
        """That of a single frame."""
        return Goal(*(None if part is None else part[:, index : index + 1] for part in self))  # type: ignore[arg-type]


class Objective(nn.Module):
    """The sum of weighted losses of a network.

    Args:
        network: maps (B, T, 1, H, W) grey 0..255 to logits of that shape.
        losses: name in `LOSSES` -> weight; other names are left to `hints`.
        hints: the loss on features, where one is wanted.
    """

    def __init__(
        self, network: nn.Module, losses: Mapping[str, float], hints: FeatureHints | None = None
    ) -> None:
        super().__init__()
        self.network, self.hints = network, hints
        self.losses = {name: weight for name, weight in losses.items() if name in LOSSES and weight > 0}

    def forward(self, x: Tensor, goal: Goal) -> Tensor:
        """The loss of grey frames (B, T, 1, H, W), 0..255."""
        if goal.tissues is None or not isinstance(self.network, KnowsTissues):
            total = self.of_mask(self.network(x), goal)
        else:
            logits, classes = self.network.with_tissues(x)
            shares = F.adaptive_avg_pool2d(goal.tissues.flatten(0, 1), (classes.shape[-2], classes.shape[-1]))
            total = self.of_mask(logits, goal)
            total = total + TISSUE_WEIGHT * tissue_loss(classes.float().flatten(0, 1), shares)
        return total if self.hints is None else total + self.hints(x)

    def of_mask(self, logits: Tensor, goal: Goal) -> Tensor:
        """The losses on the mask; in full precision, whatever the network ran in."""
        logits = logits.float()
        parts = [weight * LOSSES[name](logits, goal.mask, goal.trust) for name, weight in self.losses.items()]
        return torch.stack(parts).sum()


def one_hot(tissues: Tensor) -> Tensor:
    """Classes uint8 (B, T, H, W) -> float (B, T, K, H, W), 1 where a pixel is of class k."""
    classes = torch.arange(TISSUES, device=tissues.device, dtype=torch.uint8).view(-1, 1, 1)
    return (tissues[:, :, None] == classes).float()
