"""MONAI's SwinUNETR (Hatamizadeh et al. 2022), time as its third axis; its body goes from task to task."""

from typing import Any

import torch
from monai.networks.nets import SwinUNETR
from torch import nn

HEAD = "out."  # names of the weights that belong to one task alone


def swin_unetr(classes: int, feature_size: int = 12, seed: int = 0) -> nn.Module:
    """An untrained network: float (B, 1, T, H, W) -> (B, classes, T, H, W).

    Each of T, H and W must be a multiple of 32, and one of them at least 64.

    Args:
        classes: channels that come out. feature_size: width, a multiple of 12; 48 is the paper's.
        seed: of the weights.
    """
    torch.manual_seed(seed)
    return SwinUNETR(in_channels=1, out_channels=classes, feature_size=feature_size)


def with_body(network: nn.Module, body: dict[str, Any]) -> nn.Module:
    """The network with another's weights in all but its last layer."""
    kept = {name: value for name, value in body.items() if not name.startswith(HEAD)}
    missing = network.load_state_dict(kept, strict=False).missing_keys
    assert all(name.startswith(HEAD) for name in missing)
    return network
