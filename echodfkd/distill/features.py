"""Learning what a teacher sees on its way to the mask: losses on features, and how networks are tapped.

Both networks look at the same frames; their deepest features, those of the smallest maps, are compared.
Shapes: N frames of a batch, C channels, h x w the size of a map.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.distill.losses import place_kl
from echodfkd.errors import UsageError
from echodfkd.students.convlstm import ConvLSTM

SIZE = 112  # side of the frames that show which maps are small


def attention(student: Tensor, teacher: Tensor) -> Tensor:
    """|Q_s / |Q_s| - Q_t / |Q_t||^2 with Q = sum_c F_c^2, mean over frames (Zagoruyko & Komodakis 2017).

    Where a network's features are strong is where it looks; the channels need not be as many.

    Args:
        student: (N, C, h, w). teacher: (N, C', h', w'), averaged to h x w.

    >>> x = torch.rand(1, 2, 4, 4)
    >>> round(float(attention(x, 3 * x)), 4)
    0.0
    """
    maps = (student.square().sum(1), _shrunk(teacher.square().sum(1), student))
    q_s, q_t = (F.normalize(one.flatten(1), dim=1) for one in maps)
    return (q_s - q_t).square().sum(1).mean()


def _shrunk(maps: Tensor, like: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(maps, (like.shape[-2], like.shape[-1]))


class Tap:
    """Catches the deepest features of a network whenever it runs.

    Args:
        network: maps (B, T, 1, H, W) grey 0..255 to logits.

    Attributes:
        caught: (N, C, h, w) of the last run. channels: C.

    Raises:
        UsageError: if nothing in the network makes maps of several channels.
    """

    def __init__(self, network: nn.Module) -> None:
        self.time_first = isinstance(network, ConvLSTM)
        self.module, self.channels = _deepest(network)
        self.caught: Tensor | None = None
        self.module.register_forward_hook(self._catch)

    def _catch(self, _: nn.Module, __: object, output: object) -> None:
        self.caught = _map(output)

    def features(self, clips: int) -> Tensor:
        """What was caught in a run of `clips` clips, (B * T, C, h, w), frame after frame of each clip."""
        assert self.caught is not None
        if not self.time_first:
            return self.caught
        return self.caught.unflatten(0, (-1, clips)).transpose(0, 1).flatten(0, 1)


def _map(output: object) -> Tensor | None:
    """Feature maps (N, C, h, w) in what a module returns, None where there are none."""
    if isinstance(output, (tuple, list)) and output:
        output = output[0]
    return output if isinstance(output, Tensor) and output.ndim == 4 else None


class _Found(NamedTuple):
    pixels: int
    module: nn.Module
    channels: int


def _deepest(network: nn.Module) -> tuple[nn.Module, int]:
    """The last module that makes the smallest maps, of those larger than a pixel, with the most channels."""
    found: list[_Found] = []

    def note(module: nn.Module, _: object, output: object) -> None:
        one = _map(output)
        if one is not None and one.shape[1] > 1 and one.shape[-2] * one.shape[-1] > 1:
            found.append(_Found(one.shape[-2] * one.shape[-1], module, one.shape[1]))

    hooks = [module.register_forward_hook(note) for module in network.modules()]
    training = network.training
    device = next(network.parameters()).device
    with torch.no_grad():
        network.eval()(torch.zeros(1, 2, 1, SIZE, SIZE, device=device))
    network.train(training)
    for hook in hooks:
        hook.remove()
    if not found:
        raise UsageError("this network makes no feature maps to learn from; leave the losses on features out")
    last = min(reversed(found), key=lambda one: (one.pixels, -one.channels))
    return last.module, last.channels


class FeatureHints(nn.Module):
    """The loss on features of a student beside a teacher.

    Args:
        student, teacher: map (B, T, 1, H, W) grey 0..255 to logits; the teacher learns nothing.
        losses: weights of "attention" and "features", at least one of them.

    Raises:
        UsageError: if one of the networks makes no feature maps.
    """

    def __init__(self, student: nn.Module, teacher: nn.Module, losses: dict[str, float]) -> None:
        super().__init__()
        self.student, self.losses = Tap(student), losses
        self._teacher = [teacher.eval().requires_grad_(False)]  # in a list: no part of what is trained
        self.teacher = Tap(teacher)
        wide = "features" in losses
        self.adapt = nn.Conv2d(self.student.channels, self.teacher.channels, 1) if wide else None

    def forward(self, x: Tensor) -> Tensor:
        """The loss on the frames (B, T, 1, H, W) that the student has just seen."""
        with torch.no_grad():
            self._teacher[0](x)
        ours, theirs = (tap.features(x.shape[0]) for tap in (self.student, self.teacher))
        total = ours.new_zeros(())
        if "attention" in self.losses:
            total = total + self.losses["attention"] * attention(ours, theirs)
        if self.adapt is not None:  # CWD on features (Shu et al. 2021): each channel looks at its own places
            distance = place_kl(self.adapt(ours), _shrunk(theirs, ours), None, 4.0)
            total = total + self.losses["features"] * distance
        return total


FEATURE_LOSSES: dict[str, str] = {
    "attention": "where the features are strong (Zagoruyko & Komodakis 2017)",
    "features": "where each channel is strong, through a 1x1 convolution (Shu et al. 2021)",
}
