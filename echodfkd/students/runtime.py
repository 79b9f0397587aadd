"""Running a trained network in torch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from echodfkd.clip import Frames
from echodfkd.errors import UsageError
from echodfkd.files import sha256
from echodfkd.segmenter import Prob
from echodfkd.students.checkpoint import load_network
from echodfkd.students.fold import folded
from echodfkd.students.onnx_segmenter import OnnxSegmenter as OnnxSegmenter
from echodfkd.students.parts import CHUNK, spans
from echodfkd.students.stream import Stream

STRIDE = 32  # frames of a part for a causal network; any number gives the same masks, this one little memory


def pick_device(name: str) -> torch.device:
    """The torch device of "auto", "cpu", "cuda" (torch's current one) or "mps".

    Raises:
        UsageError: if this machine does not have it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(name, False):
        raise UsageError(f"device {name!r} is not available here; use --device cpu or auto")
    # With its number, since a thread's own current GPU is the first one whatever that of this thread is.
    return torch.device(name, torch.cuda.current_device()) if name == "cuda" else torch.device(name)


class TorchSegmenter:
    """A network in memory as a `Segmenter`.

    Args:
        network: maps (B, T, 1, H, W) grey 0..255 to logits.
        config: what its checkpoint says: `claim`, `convention`, `size`.
        name: what the user called it. digest: sha256 of its weights. device: see `pick_device`.

    Attributes:
        parameters: number of weights as trained. network: what runs, batch norm folded in.
        trained: the network as it was given, batch norms and their statistics apart.
    """

    def __init__(
        self, network: nn.Module, config: dict[str, Any], name: str, digest: str, device: str
    ) -> None:
        self.device = pick_device(device)
        self.parameters = sum(weights.numel() for weights in network.parameters())  # folding drops a few
        self.trained = network
        network = folded(network)
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.name, self.digest, self.config = name, digest, config
        self.claim = str(config.get("claim", "unknown"))
        self.convention = str(config.get("convention", "unknown"))
        self.size = int(config.get("size", 112))

    @torch.inference_mode()
    def predict(self, frames: Frames) -> Prob:
        """LV probability, 255 = certain: uint8 (T, size, size) grey -> uint8 (T, size, size)."""
        probs = [torch.sigmoid(logits)[0, :, 0] for logits in self._logits(frames)]
        return np.concatenate([(prob * 255).round().to(torch.uint8).cpu().numpy() for prob in probs])

    def _logits(self, frames: Frames) -> Iterator[Tensor]:
        """(1, n, 1, size, size) for each part."""
        chunk = STRIDE if isinstance(self.network, Stream) else CHUNK
        parts = (np.ascontiguousarray(frames[span]) for span in spans(len(frames), chunk))
        clips = (torch.from_numpy(part).to(self.device)[None, :, None].float() for part in parts)
        if isinstance(self.network, Stream):
            state = self.network.initial_state(1, *frames.shape[1:])
            for clip in clips:
                logits, state = self.network.advance(clip, state)
                yield logits
        else:
            yield from map(self.network, clips)


def load_torch(path: Path, device: str, name: str = "") -> TorchSegmenter:
    """The network in a safetensors file, ready to run."""
    network, config = load_network(path)
    return TorchSegmenter(network, config, name or path.stem, sha256(path), device)
