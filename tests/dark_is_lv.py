"""An easy teacher for tests: what is dark is LV, and its batch norm knows how bright frames are."""

from pathlib import Path

import numpy as np
import torch
from moving_ellipse import MovingEllipse
from torch import Tensor, nn

from echodfkd.students.runtime import TorchSegmenter

CONFIG = {"claim": "data-free: teacher saw ellipses", "convention": "echonet", "size": 32}


class DarkIsLV(nn.Module):
    """Grey (B, T, 1, H, W), 0..255 -> logits: the mean over 5x5 pixels, normalised, turned round."""

    def __init__(self, mean: float, variance: float) -> None:
        super().__init__()
        blur = nn.Conv2d(1, 1, 5, 1, 2, bias=False, padding_mode="replicate")
        norm, turned = nn.BatchNorm2d(1), nn.Conv2d(1, 1, 1)
        self.layers = nn.Sequential(blur, norm, turned)
        with torch.no_grad():
            blur.weight.fill_(1 / 25)
            turned.weight.fill_(-6.0)
            turned.bias.fill_(-2.0)  # type: ignore[union-attr]
        assert norm.running_mean is not None and norm.running_var is not None
        norm.running_mean.fill_(mean)
        norm.running_var.fill_(variance)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def ellipses(count: int = 4) -> np.ndarray:
    """Frames (count, 4, 32, 32) of clips that no training here sees."""
    generator = MovingEllipse(frames=4, size=32)
    return np.stack([generator.clip(5, index).frames for index in range(count)])


def easy_teacher() -> TorchSegmenter:
    """That network with the statistics of ellipses."""
    frames = ellipses(8).astype(np.float32)
    network = DarkIsLV(float(frames.mean()), float(frames.var())).eval()
    return TorchSegmenter(network, CONFIG, "dark", "0" * 64, "cpu")


def agreement(run: TorchSegmenter, teacher: TorchSegmenter) -> float:
    """Mean Dice per frame of two models on ellipses, at probability .5."""
    from echodfkd.eval.dice import dice_per_image

    clips = ellipses()
    return float(np.mean([dice_per_image(run.predict(c) > 127, teacher.predict(c) > 127) for c in clips]))


def student(path: Path) -> TorchSegmenter:
    """The student of a run."""
    from echodfkd.students.runtime import load_torch

    return load_torch(path / "student.safetensors", "cpu")
