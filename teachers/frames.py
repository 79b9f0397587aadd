"""A network from elsewhere as a `Segmenter`: what goes in, what comes out, how many frames at a time.

Shapes: T frames of one clip, C channels, K outputs, S pixels a side.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.clip import Frames
from echodfkd.segmenter import Prob
from echodfkd.students.context import cropped, padded
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.teachers.accelerate_network import mixed_precision
from echodfkd.teachers.manifest import Facts

Network = Callable[[Tensor], Any]  # float (T, C, S, S), scaled -> (T, K, s, s), also inside a dict or tuple
Limits = tuple[int, int | None]  # fewest and most frames at a time; None: any number
BATCH = {"cpu": 16 * 112**2}  # pixels of the frames in one pass: more is no faster there,
LARGE_BATCH = 64 * 112**2  # and fills the memory with large frames


@dataclass(frozen=True)
class Handling:
    """How grey frames go in and how the LV is read off what comes out.

    Attributes:
        size: side of the frames in pixels. channels: the grey is repeated to as many.
        scaling: "0..255" or "0..1". mean, std: in its units, one number or one for each channel.
        output: "logit", "probability", or "softmax" of class logits. lv_class: which output is the LV.
        multiple: frames are padded with black, below and on the right, to a multiple of this.
    """

    size: int
    channels: int = 3
    scaling: str = "0..255"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    output: str = "logit"
    lv_class: int = 0
    multiple: int = 1


class FrameNetwork(nn.Module):
    """A network of single frames as one of ours: grey (B, T, 1, H, W), 0..255 -> LV logits of that shape."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: Network, handling: Handling) -> None:
        super().__init__()
        self.network, self.handling = network, handling  # a Module is registered, anything else only called
        for name in ("mean", "std"):
            values = torch.tensor(getattr(handling, name), dtype=torch.float32)
            self.register_buffer(name, values[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """LV logits (B, T, 1, H, W) of grey frames (B, T, 1, H, W), float, 0..255."""
        looks = self.look(x.flatten(0, 1))
        logits = self.logits(self.output(looks))
        if logits.shape[-2:] != looks.shape[-2:]:
            logits = F.interpolate(logits, looks.shape[-2:], mode="bilinear")
        return cropped(logits, x)

    def output(self, looks: Tensor) -> Tensor:
        """What the network makes of (T, C, S', S'): float32 (T, K, s, s), in 16 bits where that helps."""
        with mixed_precision(looks.device):
            out = first_map(self.network(looks)).float()
        if looks.is_cuda and not bool(out.isfinite().all()):  # numbers too large for 16 bits
            out = first_map(self.network(looks)).float()
        return out

    def look(self, frames: Tensor) -> Tensor:
        """What the network is given, (T, C, S', S'), of grey frames (T, 1, S, S), 0..255."""
        grey = padded(frames, self.handling.multiple)
        scale = 1.0 if self.handling.scaling == "0..255" else 1 / 255
        return (grey.expand(-1, self.handling.channels, -1, -1) * scale - self.mean) / self.std

    def logits(self, out: Tensor) -> Tensor:
        """LV logit (T, 1, s, s), whose sigmoid is the LV probability, of an output (T, K, s, s)."""
        k = self.handling.lv_class
        chosen = out[:, k : k + 1]
        if self.handling.output == "softmax":
            return chosen - torch.cat([out[:, :k], out[:, k + 1 :]], 1).logsumexp(1, keepdim=True)
        return torch.logit(chosen, eps=1e-6) if self.handling.output == "probability" else chosen


class ForeignSegmenter(TorchSegmenter):
    """A network from elsewhere, with what had to be guessed about it in `remarks`.

    Args:
        network: see `Network`. facts: for claim, convention and remarks.
        limits: how many frames it takes at a time.
        name, digest, device: as for `TorchSegmenter`.
    """

    def __init__(
        self,
        network: Network,
        handling: Handling,
        facts: Facts,
        name: str,
        digest: str,
        device: str,
        limits: Limits = (1, None),
    ) -> None:
        config = {**facts.settled, **asdict(handling)}
        super().__init__(FrameNetwork(network, handling), config, name, digest, device)
        self.remarks = facts.remarks
        batch = max(1, BATCH.get(self.device.type, LARGE_BATCH) // handling.size**2)
        self.limits = limits[0], limits[1] or max(limits[0], batch)

    def predict(self, frames: Frames) -> Prob:
        """LV probability, 255 = certain: uint8 (T, size, size) grey -> uint8 (T, size, size)."""
        return in_windows(super().predict, frames, self.limits)


def in_windows(predict: Callable[[Frames], Prob], frames: Frames, limits: tuple[int, int]) -> Prob:
    """Predict a clip (T, S, S) in windows of `limits` frames.

    The last window overlaps the one before rather than being short; a clip shorter than the fewest frames
    goes on with its last frame.

    >>> in_windows(lambda x: x, np.arange(5, dtype=np.uint8)[:, None, None], (2, 2)).ravel().tolist()
    [0, 1, 2, 3, 4]
    """
    least, most = limits
    missing = least - len(frames)
    if missing > 0:
        return predict(np.concatenate([frames, np.repeat(frames[-1:], missing, 0)]))[: len(frames)]
    out = np.empty(frames.shape, np.uint8)
    for start in range(0, len(frames), most):
        begin = min(start, len(frames) - least)
        out[begin : start + most] = predict(np.ascontiguousarray(frames[begin : start + most]))
    return out


def first_map(out: Any) -> Tensor:
    """The mask output (T, K, s, s) of a network that may return a dict ("out" goes first) or a tuple."""
    if isinstance(out, Mapping):
        out = out.get("out", next(iter(out.values())))
    elif isinstance(out, (tuple, list)):
        out = out[0]
    return out  # type: ignore[no-any-return]
