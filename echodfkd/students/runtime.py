"""Running a trained network: a `Segmenter` over torch, and one over ONNX Runtime."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from echodfkd.clip import Frames
from echodfkd.errors import EchoError, UsageError
from echodfkd.segmenter import Prob
from echodfkd.students.checkpoint import load_network, sha256

CHUNK = 128  # frames that share one context: 2.5 s at 50 fps, more than a beat at any rate


def spans(frames: int, chunk: int = CHUNK) -> Iterator[slice]:
    """Cut 0..frames into nearly equal parts of at most `chunk`, so that no part is a lonely tail."""
    parts = -(-frames // chunk)
    edges = np.linspace(0, frames, parts + 1).round().astype(int)
    return (slice(int(a), int(b)) for a, b in pairwise(edges))


def pick_device(name: str) -> torch.device:
    """The torch device of "auto", "cpu", "cuda" or "mps".

    Raises:
        UsageError: if this machine does not have it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(name, False):
        raise UsageError(f"device {name!r} is not available here; use --device cpu or auto")
    return torch.device(name)


class TorchSegmenter:
    """A network in memory as a `Segmenter`.

    Args:
        network: maps (B, T, 1, H, W) grey 0..255 to logits.
        config: what its checkpoint says: `claim`, `convention`, `size`.
        name: what the user called it. digest: sha256 of its weights. device: see `pick_device`.
    """

    def __init__(
        self, network: nn.Module, config: dict[str, Any], name: str, digest: str, device: str
    ) -> None:
        self.device = pick_device(device)
        network = network.eval()
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.name, self.digest, self.config = name, digest, config
        self.claim = str(config.get("claim", "unknown"))
        self.convention = str(config.get("convention", "unknown"))
        self.size = int(config.get("size", 112))

    @torch.inference_mode()
    def predict(self, frames: Frames) -> Prob:
        """LV probability, 255 = certain: uint8 (T, size, size) grey -> uint8 (T, size, size)."""
        parts = [self._chunk(frames[span]) for span in spans(len(frames))]
        return np.concatenate(parts)

    def _chunk(self, frames: Frames) -> Prob:
        clip = torch.from_numpy(np.ascontiguousarray(frames)).to(self.device)[None, :, None].float()
        prob = torch.sigmoid(self.network(clip))[0, :, 0]
        return np.asarray((prob * 255).round().to(torch.uint8).cpu().numpy())


class OnnxSegmenter:
    """An exported file as a `Segmenter`; what it needs to know stands in the file's metadata.

    Raises:
        EchoError: if the file is no ONNX file, or not one that `echodfkd export` wrote.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        try:
            self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises many kinds of its own, all for an unusable file
            raise EchoError(
                f"{path} is not a usable ONNX file: {str(error).splitlines()[0][:200]}"
            ) from error
        meta = self.session.get_modelmeta().custom_metadata_map
        inputs, size = self.session.get_inputs(), meta.get("size", "")
        if len(inputs) != 1 or len(inputs[0].shape) != 5 or not size.isdigit() or int(size) == 0:
            raise EchoError(
                f"{path} is an ONNX file of another program: echodfkd reads those that it exported"
            )
        self.name, self.digest = path.stem, sha256(path)
        self.claim, self.convention = meta.get("claim", "unknown"), meta.get("convention", "unknown")
        self.size = int(size)
        self._input = inputs[0].name

    def predict(self, frames: Frames) -> Prob:
        """LV probability, 255 = certain: uint8 (T, size, size) grey -> uint8 (T, size, size)."""
        parts = [self._chunk(frames[span]) for span in spans(len(frames))]
        return np.concatenate(parts)

    def _chunk(self, frames: Frames) -> Prob:
        clip = np.ascontiguousarray(frames[None, :, None], np.float32)
        (prob,) = self.session.run(None, {self._input: clip})
        return np.round(prob[0, :, 0] * 255).astype(np.uint8)


def load_torch(path: Path, device: str, name: str = "") -> TorchSegmenter:
    """The network in a safetensors file, ready to run."""
    network, config = load_network(path)
    return TorchSegmenter(network, config, name or path.stem, sha256(path), device)
