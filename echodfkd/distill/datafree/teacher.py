"""A teacher through which gradients flow, and what its batch norms remember of the data it learned from."""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from echodfkd.errors import UsageError
from echodfkd.segmenter import Segmenter
from echodfkd.students.runtime import TorchSegmenter


class OpenTeacher:
    """A frozen teacher whose inputs get gradients and whose batch norms are watched.

    Args:
        teacher: a torch network; anything else has no gradients here.

    Attributes:
        norms: number of batch norms with statistics. device: where it works.

    Raises:
        UsageError: for a teacher that is no torch network, or that has no batch norm.
    """

    def __init__(self, teacher: Segmenter) -> None:
        if not isinstance(teacher, TorchSegmenter) or not any(True for _ in teacher.trained.parameters()):
            raise UsageError(
                f"teacher {teacher.name!r} is no torch network that gradients can flow through; "
                "ensembles, ONNX and .pt2 files need clips: name another --generator"
            )
        network = deepcopy(teacher.trained).eval().requires_grad_(False)
        self.device = teacher.device
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        watched = [m for m in network.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]
        for norm in watched:
            norm.register_forward_pre_hook(self._watch)
        self.norms, self._seen = len(watched), list[Tensor]()
        if not watched:
            raise UsageError(
                f"teacher {teacher.name!r} has no batch norm, so that its weights do not say what its data "
                "looked like; name another --generator"
            )

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """LV logits of grey (B, T, 1, S, S), 0..255, and how far features are from remembered ones, ()."""
        self._seen.clear()
        logits = self.network(x)
        return logits, torch.stack(self._seen).mean()

    def _watch(self, norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, _BatchNorm) and norm.running_mean is not None and norm.running_var is not None
        self._seen.append(gap(inputs[0], norm.running_mean, norm.running_var))


def gap(features: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of normal distributions, features || remembered, mean over channels, ().

    With m, v of a batch and M, V remembered: (v + (m - M)^2) / V - 1 - log(v / V), halved. DeepInversion
    (Yin et al. 2020, eq. 4) takes the plain distances of m and v; here no layer counts more for its scale.

    Args:
        features: (N, C, ...). mean, variance: (C,).
    """
    v, m = torch.var_mean(features.transpose(0, 1).flatten(1), 1)
    ratio = (v + 1e-5) / (variance + 1e-5)
    return 0.5 * (ratio + (m - mean) ** 2 / (variance + 1e-5) - 1 - ratio.log()).mean()
