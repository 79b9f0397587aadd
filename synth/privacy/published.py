"""The published fingerprint: EchoNet-Synthetic's Siamese ResNet-50 on latents (arXiv 2406.00808).

Its checkpoint holds torchvision's ResNet-50 under `model.` (4 input channels, 128 outputs, then a sigmoid)
and the classifier of pairs `fc_end`, which the filter does not use.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, inference_mode, isfinite, nn
from torch import device as device_of_torch

from echodfkd.clip import Frames
from echodfkd.errors import EchoError, UsageError
from echodfkd.students.checkpoint import sha256
from echodfkd.students.runtime import pick_device
from echodfkd.synth.privacy.fingerprint import Features
from echodfkd.synth.torch_file import read_torch_file

CHANNELS, FEATURES, BATCH = 4, 128, 64
SUFFIX = "_best_network.pth"
_HEAD = "fc_end."
MOST_NAMES = 10

Encode = Callable[[Frames], Tensor]  # uint8 (T, H, W) -> (T, 4, 14, 14), times the codec's scaling factor


class LatentFingerprint:
    """Features of latents, float32 (T, 128), in 0..1.

    Args:
        network: maps (B, 4, H, W) to (B, 128). encode: the codec's. digest: of the weights.
        device: see `pick_device`.
    """

    name = "reidentification"
    rule = "published"

    def __init__(self, network: nn.Module, encode: Encode, digest: str, device: str = "cpu") -> None:
        self.device, self.digest, self.encode = pick_device(device), digest, encode
        self.network = network.eval().to(self.device)

    def __call__(self, frames: Frames) -> Features:
        """Features float32 (T, 128) of frames uint8 (T, H, W).

        Raises:
            EchoError: when the codec's latents have another number of channels or frames.
        """
        latents = self.encode(frames)
        if latents.ndim != 4 or latents.shape[:2] != (len(frames), CHANNELS):
            raise EchoError(
                f"the codec made latents {tuple(latents.shape)} of {len(frames)} frames, not (T, 4, h, w)"
            )
        with inference_mode():
            parts = [self.network(part.to(self.device)).sigmoid().cpu() for part in latents.split(BATCH)]
        return np.concatenate([part.numpy() for part in parts]).astype(np.float32)


def load_reidentification(path: Path, encode: Encode, device: str = "cpu") -> LatentFingerprint:
    """The fingerprint of a published folder `reidentification_*/`, or of its .pth file.

    Raises:
        UsageError: when there is no such file or folder.
        EchoError: when the folder does not hold one `*_best_network.pth`, the file would run code, or its
            weights are no such ResNet-50 (names at most ten that miss and ten that are foreign).
    """
    file = _weights_file(Path(path))
    with device_of_torch("meta"):  # none of the 24 million weights is drawn, since all of them are read
        network = reidentification_network()
    _fill(network, _weights(read_torch_file(file), file), file)
    return LatentFingerprint(network, encode, sha256(file), device)


def reidentification_network() -> nn.Module:
    """The untrained ResNet-50: (B, 4, H, W) to (B, 128)."""
    from torchvision.models import resnet50

    network = resnet50(weights=None, num_classes=FEATURES)
    network.conv1 = nn.Conv2d(CHANNELS, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return network


def _weights_file(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise UsageError(f"no such file or folder: {path}")
    found = sorted(path.glob(f"*{SUFFIX}"))
    if len(found) != 1:
        raise EchoError(f"{path} holds {len(found)} files *{SUFFIX}, one is expected")
    return found[0]


def _weights(stored: Any, file: Path) -> dict[str, Tensor]:
    """The ResNet's own tensors by torchvision's names, without what wrappers put before them."""
    if not isinstance(stored, dict) or not all(isinstance(value, Tensor) for value in stored.values()):
        raise EchoError(f"{file} is no state dict: it must hold named tensors alone")
    weights = {str(name).removeprefix("module."): value for name, value in stored.items()}
    kept = {name: value for name, value in weights.items() if not name.startswith(_HEAD)}
    return {name.removeprefix("model."): value for name, value in kept.items()}


def _fill(network: nn.Module, weights: dict[str, Tensor], file: Path) -> None:
    wanted = network.state_dict()
    shapes = [k for k in wanted if k in weights and weights[k].shape != wanted[k].shape]
    broken = [k for k in wanted if k in weights and not bool(isfinite(weights[k]).all())]
    faults = {
        "lacks": [k for k in wanted if k not in weights],
        "has besides": [k for k in weights if k not in wanted],
        "has in another shape": shapes,
        "has with NaN or infinity": broken,
    }
    told = [f"{fault} {_listed(names)}" for fault, names in faults.items() if names]
    if told:
        raise EchoError(f"{file} is no ResNet-50 of 4 channels and 128 features: it {'; it '.join(told)}")
    read = {k: weights[k].to(value.dtype).contiguous() for k, value in wanted.items()}
    network.load_state_dict(read, assign=True)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
