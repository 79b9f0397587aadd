"""EF by a video network of TorchVision, as EchoNet-Dynamic's (Ouyang et al., Nature 2020) published one.

Its input: 32 frames, every second one, 112x112, colour 0..255 less EchoNet-Dynamic's mean over its standard
deviation; short clips are continued with the mean. The EF of a clip is the mean over such windows.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from echodfkd.clip import Clip
from echodfkd.errors import EchoError
from echodfkd.sector import clip_sector, crop
from echodfkd.students.checkpoint import sha256
from echodfkd.students.runtime import pick_device
from echodfkd.teachers.architectures import fill
from echodfkd.teachers.echonet import HANDLING
from echodfkd.teachers.state_dict import load_checkpoint

NETWORKS = ("r2plus1d_18", "r3d_18", "mc3_18")
SIZE, FRAMES, PERIOD = 112, 32, 2
WINDOWS = 8  # EchoNet's code averages over every start, which costs ten times as much


class EFNetwork:
    """A video network as an `EFModel`.

    Args:
        network: float (N, 3, frames, 112, 112) -> (N, 1), EF in percent. name, digest: see `EFModel`.
        device: see `pick_device`. frames, period: of a window.
        windows: how many at most, evenly spread; None: every start, as EchoNet's code has it.
    """

    note = ""
    claim = "unknown"

    def __init__(
        self,
        network: nn.Module,
        name: str,
        digest: str,
        device: str,
        frames: int = FRAMES,
        period: int = PERIOD,
        windows: int | None = WINDOWS,
    ) -> None:
        self.device = pick_device(device)
        self.network = network.float().eval().to(self.device)
        self.name, self.digest = name, digest
        self.frames, self.period, self.windows = frames, period, windows
        self._mean, self._std = (torch.tensor(v).view(3, 1, 1, 1) for v in (HANDLING.mean, HANDLING.std))

    def window_starts(self, frames: int) -> list[int]:
        """First frames of the windows of a clip of so many frames, ascending."""
        starts = max(frames, self.frames * self.period) - (self.frames - 1) * self.period
        if self.windows is None or starts <= self.windows:
            return list(range(starts))
        return [int(start) for start in np.linspace(0, starts - 1, self.windows).round()]

    @torch.inference_mode()
    def ef(self, clip: Clip) -> float:
        """Ejection fraction in percent, as the network says it: nothing keeps it within 0..100."""
        video = self._video(clip)
        step = self.period
        found = []
        for start in self.window_starts(len(clip)):
            window = video[None, :, start : start + (self.frames - 1) * step + 1 : step]
            found.append(float(self.network(window.to(self.device)).flatten()[0]))
        return float(np.mean(found))

    def _video(self, clip: Clip) -> Tensor:
        """Normalised frames (3, T, 112, 112), continued with zeros to a whole window."""
        squares = crop(clip.frames, clip_sector(clip.frames), SIZE)
        colour = torch.from_numpy(squares)[None].expand(3, -1, -1, -1).float()
        video = (colour - self._mean) / self._std
        short = self.frames * self.period - video.shape[1]
        return nn.functional.pad(video, (0, 0, 0, 0, 0, max(short, 0)))


def is_video_network(weights: Mapping[str, Tensor]) -> bool:
    """Whether weights belong to a network of videos: kernels over time."""
    return any(value.ndim == 5 for value in weights.values())


def recognise(weights: Mapping[str, Tensor]) -> str | None:
    """The TorchVision network of these weights, None for another one."""
    if "layer1.0.conv1.0.0.weight" in weights:
        return "r2plus1d_18"
    kernel = weights.get("layer2.0.conv1.0.weight")
    if kernel is None or kernel.ndim != 5:
        return None
    return "r3d_18" if kernel.shape[2] == 3 else "mc3_18"


def load_ef_network(path: Path, weights: Mapping[str, Tensor], device: str) -> EFNetwork:
    """The network of a checkpoint, whose weights were read by `read_state_dict`.

    `frames` and `period` are taken from the checkpoint where it has them, as EchoNet's code writes them.

    Raises:
        EchoError: if it is of another architecture, or gives more than the EF.
    """
    from torchvision.models.video import mc3_18, r2plus1d_18, r3d_18

    makes = {"r2plus1d_18": r2plus1d_18, "r3d_18": r3d_18, "mc3_18": mc3_18}
    name = recognise(weights)
    head = weights.get("fc.weight")
    if name is None or head is None:
        first = ", ".join(list(weights)[:2])
        raise EchoError(
            f"{path} holds a video network of another architecture ({first}, ...); "
            f"read are {', '.join(NETWORKS)} of TorchVision with one output"
        )
    if len(head) != 1:
        raise EchoError(f"{path} holds a {name} with {len(head)} outputs; an EF network has one")
    network = makes[name](weights=None)
    network.fc = nn.Linear(network.fc.in_features, 1)
    fill(network, weights, f"the weights of {path} and {name}")
    return EFNetwork(network, path.stem, sha256(path), device, **_window(path))


def _window(path: Path) -> dict[str, Any]:
    """What a checkpoint says of its windows."""
    stored = {} if path.suffix == ".safetensors" else load_checkpoint(path)
    said = {key: stored.get(key) for key in ("frames", "period")} if isinstance(stored, dict) else {}
    return {key: value for key, value in said.items() if isinstance(value, int) and 0 < value <= 256}
