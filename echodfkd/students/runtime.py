"""Running a trained network: a `Segmenter` over torch, and one over ONNX Runtime."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from echodfkd.clip import Frames
from echodfkd.errors import EchoError, UsageError
from echodfkd.segmenter import Prob
from echodfkd.students.checkpoint import load_network, sha256
from echodfkd.students.fold import folded
from echodfkd.students.onnx_weights import refuse_broken_weights
from echodfkd.students.stream import Stream

# Frames that share one context: 2.5 s at 50 fps, more than a beat at any rate. A network that looks both ways
# sees each part as a clip of its own; a causal one goes on with the state of the part before.
CHUNK = 128
STRIDE = 32  # frames of such a part; any number gives the same masks, this one little memory


def spans(frames: int, chunk: int = CHUNK) -> Iterator[slice]:
    """Cut 0..frames into nearly equal parts of at most `chunk`, so that no part is a lonely tail."""
    parts = -(-frames // chunk)
    edges = np.linspace(0, frames, parts + 1).round().astype(int)
    return (slice(int(a), int(b)) for a, b in pairwise(edges))


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


class OnnxSegmenter:
    """An exported file as a `Segmenter`; what it needs to know stands in the file's metadata.

    Raises:
        EchoError: if the file is no ONNX file, not one that `echodfkd export` wrote, or holds NaN or infinite
            weights.
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
        side = inputs[0].shape[-1]
        if isinstance(side, int) and side != int(size):
            raise EchoError(f"{path} takes frames of {side} pixels a side, but says {size} of itself")
        refuse_broken_weights(path)
        self.name, self.digest = path.stem, sha256(path)
        self.claim, self.convention = meta.get("claim", "unknown"), meta.get("convention", "unknown")
        self.size = int(size)
        self.causal = meta.get("causal") == "true"
        self._input = inputs[0].name

    def predict(self, frames: Frames) -> Prob:
        """LV probability, 255 = certain: uint8 (T, size, size) grey -> uint8 (T, size, size).

        A causal file keeps its state inside and takes the clip as a whole.
        """
        chunk = len(frames) if self.causal else CHUNK
        parts = [self._chunk(frames[span]) for span in spans(len(frames), chunk)]
        return np.concatenate(parts)

    def _chunk(self, frames: Frames) -> Prob:
        clip = np.ascontiguousarray(frames[None, :, None], np.float32)
        (prob,) = self.session.run(None, {self._input: clip})
        return np.round(prob[0, :, 0] * 255).astype(np.uint8)


def load_torch(path: Path, device: str, name: str = "") -> TorchSegmenter:
    """The network in a safetensors file, ready to run."""
    network, config = load_network(path)
    return TorchSegmenter(network, config, name or path.stem, sha256(path), device)
