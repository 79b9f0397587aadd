"""A causal network in torch, one frame after the other."""

import numpy as np
import torch

from echodfkd.clip import Frames
from echodfkd.segmenter import Prob
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.students.stream import Stream


class TorchStream:
    """Keeps the state between the frames of one clip.

    Args:
        model: its network must be a `Stream`.
    """

    def __init__(self, model: TorchSegmenter) -> None:
        assert isinstance(model.network, Stream)
        self.network: Stream = model.network
        self.device = model.device
        self.name, self.digest, self.size = model.name, model.digest, model.size
        self.claim, self.convention = model.claim, model.convention
        self.restart()

    def restart(self) -> None:
        """Forget all frames."""
        self._state = self.network.initial_state(1, self.size, self.size)

    @torch.inference_mode()
    def step(self, frame: Frames) -> Prob:
        """LV probability uint8 (size, size), 255 = certain, of the next frame, uint8 (size, size)."""
        x = torch.from_numpy(np.ascontiguousarray(frame)).to(self.device)[None, None, None].float()
        logits, self._state = self.network.advance(x, self._state)
        return (torch.sigmoid(logits)[0, 0, 0] * 255).round().to(torch.uint8).cpu().numpy()
