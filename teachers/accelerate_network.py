"""Running anybody's network at full strength: the same outputs with less to compute.

Batch norms go into the convolutions before them, and weights lie channels last; `BATCH` says how many frames
at a time are best, `mixed_precision` where 16 bits help.
"""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

TOLERANCE = 1e-4  # of the largest output, at least of 1: sigmoids then differ by less than a tenth of 1/255
PAIRS: dict[type[nn.Module], type[nn.Module]] = {
    nn.Conv1d: nn.BatchNorm1d,
    nn.Conv2d: nn.BatchNorm2d,
    nn.Conv3d: nn.BatchNorm3d,
}
BATCH = {"cpu": 8, "mps": 32, "cuda": 128}  # frames of 112x112; 4 to 16 are as fast, a whole clip is slower


def accelerated(network: nn.Module, shape: tuple[int, ...] = (2, 3, 112, 112)) -> nn.Module:
    """A copy in evaluation mode that computes the same faster, or as it was where that cannot be kept.

    A batch norm in evaluation scales and moves each channel by constants, which the convolution before it
    can do as well (Jacob et al. 2018, section 3.2). Which convolution feeds which batch norm is seen as
    the network runs once on noise, so any architecture will do. Whether the outputs stayed within
    `TOLERANCE` is measured on that noise; if not, the copy keeps its batch norms.

    Args:
        network: takes one float32 tensor; gives a tensor, or a dict or sequence of tensors.
        shape: of an input that it takes.
    """
    plain = deepcopy(network).float().eval()
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    noise = noise.to(next(plain.parameters(), noise).device)
    with torch.no_grad():
        folded = _folded(plain, noise)
        chosen = folded if _same(plain(noise), folded(noise)) else plain
    return _channels_last(chosen)


def mixed_precision(device: torch.device | str) -> torch.autocast:
    """A context in which networks compute in 16 bits where that helps: in float16 on CUDA.

    Processors without 16-bit units compute bfloat16 several times slower than float32.
    """
    kind = torch.device(device).type
    return torch.autocast(kind, dtype=torch.float16, enabled=kind == "cuda")


def _folded(network: nn.Module, example: Tensor) -> nn.Module:
    """A copy in which each batch norm that is fed by a convolution alone became part of it."""
    copy = deepcopy(network)
    new: dict[nn.Module, nn.Module] = {}
    for conv, norm in _pairs(copy, example):
        new |= {conv: fuse_conv_bn_eval(conv, norm), norm: nn.Identity()}
    for name, module in list(copy.named_modules(remove_duplicate=False)):
        if module in new:
            parent, _, child = name.rpartition(".")
            setattr(copy.get_submodule(parent), child, new[module])
    return copy


def _pairs(network: nn.Module, example: Tensor) -> list[tuple[Any, Any]]:
    """Each convolution with the batch norm that its output is seen to go into, where both run just once."""
    runs: Counter[nn.Module] = Counter()
    made: dict[int, tuple[nn.Module, Tensor]] = {}  # by id; holding the tensor keeps its id its own
    pairs: list[tuple[nn.Module, nn.Module]] = []

    def after_conv(conv: nn.Module, _: Any, output: Tensor) -> None:
        runs[conv] += 1
        made[id(output)] = (conv, output)

    def before_norm(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        runs[norm] += 1
        if id(inputs[0]) in made:
            pairs.append((made[id(inputs[0])][0], norm))

    convs = [module for module in network.modules() if type(module) in PAIRS]
    norms = [module for module in network.modules() if type(module) in PAIRS.values()]
    hooks = [conv.register_forward_hook(after_conv) for conv in convs]
    hooks += [norm.register_forward_pre_hook(before_norm) for norm in norms]
    try:
        network(example)
    finally:
        for hook in hooks:
            hook.remove()
    return [
        (conv, norm)
        for conv, norm in pairs
        if PAIRS[type(conv)] is type(norm) and runs[conv] == runs[norm] == 1 and norm.running_mean is not None
    ]


def _same(expected: Any, found: Any) -> bool:
    """Whether all tensors of two outputs agree; False where there are none to compare."""
    pairs = list(zip(_tensors(expected), _tensors(found), strict=True))
    close = (bool((a - b).abs().max() <= TOLERANCE * max(1.0, float(a.abs().max()))) for a, b in pairs)
    return bool(pairs) and all(close)


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict | list | tuple):
        for part in output.values() if isinstance(output, dict) else output:
            yield from _tensors(part)


def _channels_last(network: nn.Module) -> nn.Module:
    """Weights of 2-D convolutions channels last; others (3-D ones) would not take that order."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network
