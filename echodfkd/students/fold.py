"""A trained network with its batch norms inside its convolutions: the same logits with less to compute."""

from collections import Counter
from copy import deepcopy
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode, each pair of convolution and batch norm in it one convolution with a bias.

    In evaluation a batch norm scales and moves each channel by constants, which the weights before it can do
    as well (Jacob et al. 2018, section 3.2). Only what is surely such a pair is folded: neighbours in an
    `nn.Sequential`, used in no second place, of exactly these classes and with statistics.
    """
    copy = deepcopy(network).eval()
    uses = Counter(module for _, module in copy.named_modules(remove_duplicate=False))
    for layers in list(copy.modules()):
        if type(layers).forward is nn.Sequential.forward:
            _fold(layers, uses)  # type: ignore[arg-type]
    return copy


def _fold(layers: nn.Sequential, uses: Counter[nn.Module]) -> None:
    for k, (conv, norm) in enumerate(pairwise(list(layers))):
        if _is_pair(conv, norm) and uses[conv] == uses[norm] == 1:
            layers[k], layers[k + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()  # type: ignore[type-var, arg-type]


def _is_pair(conv: nn.Module, norm: nn.Module) -> bool:
    """Subclasses do not count: they may do more, for instance pad or hold an activation."""
    return type(conv) is nn.Conv2d and type(norm) is nn.BatchNorm2d and norm.running_mean is not None
