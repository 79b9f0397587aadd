"""The network that draws clips from noise: small, convolutional, each frame near the one before.

A clip is one code of what stays (anatomy, gain) beside one of what moves, which swings between two draws as a
heart does; texture comes from maps of noise that turn slowly into others. Shapes: B clips, T frames, S pixels
a side.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STILL, MOVING = 64, 16  # numbers in the two codes
SCALES = 4  # doublings between the coarsest features and the frame
CYCLE = (6.0, 24.0)  # frames of a swing there and back, shortest and longest
TURN = 0.25  # radians a frame by which the texture turns into another


class Noise(NamedTuple):
    """What a batch of clips is drawn from.

    Attributes:
        codes: (B, T, STILL + MOVING). texture: (B, T, 1, S, S). Both about standard normal.
    """

    codes: Tensor
    texture: Tensor


def draw_noise(clips: int, frames: int, size: int, device: torch.device) -> Noise:
    """Noise of so many clips, from torch's own random state."""
    b, still, ends = clips, torch.randn(clips, 1, STILL), torch.randn(2, clips, 1, MOVING)
    t = torch.arange(frames).view(1, frames, 1)
    cycle = torch.empty(b, 1, 1).uniform_(*CYCLE)
    swing = 0.5 - 0.5 * torch.cos(2 * math.pi * (t / cycle + torch.rand(b, 1, 1)))
    codes = torch.cat([still.expand(b, frames, STILL), torch.lerp(ends[0], ends[1], swing)], 2)
    first, second = torch.randn(2, b, 1, 1, size, size)
    angle = TURN * t.view(1, frames, 1, 1, 1)
    return Noise(codes.to(device), (torch.cos(angle) * first + torch.sin(angle) * second).to(device))


class Stage(nn.Module):
    """Doubles the side, adds texture with a learnt strength for each channel, then 3x3 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.strength = nn.Parameter(torch.full((outputs, 1, 1), 0.1))
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor, texture: Tensor) -> Tensor:
        """(N, inputs, h, w) and a map of noise (N, 1, 2 h, 2 w) -> (N, outputs, 2 h, 2 w)."""
        y = self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest")) + self.strength * texture
        return F.leaky_relu(self.norm(y), 0.2)


class Artist(nn.Module):
    """Draws grey clips from noise.

    Args:
        size: side S of the frames in pixels. widths: channels from the coarsest features to the frame.
    """

    def __init__(self, size: int, widths: tuple[int, ...] = (64, 64, 48, 32, 16)) -> None:
        super().__init__()
        self.size, self.coarse = size, -(-size // 2**SCALES)
        self.start = nn.Linear(STILL + MOVING, widths[0] * self.coarse**2)
        self.norm = nn.BatchNorm2d(widths[0])
        self.stages = nn.ModuleList(Stage(widths[k], widths[k + 1]) for k in range(SCALES))
        self.last = nn.Conv2d(widths[-1], 1, 3, 1, 1)

    def forward(self, noise: Noise) -> Tensor:
        """Clips (B, T, 1, S, S), grey 0..255."""
        x = self.start(noise.codes.flatten(0, 1)).unflatten(1, (-1, self.coarse, self.coarse))
        x = F.leaky_relu(self.norm(x), 0.2)
        texture = noise.texture.flatten(0, 1)
        for k, stage in enumerate(self.stages):
            x = stage(x, _fitted(texture, self.coarse << k + 1))
        grey = 255 * torch.sigmoid(self.last(x)[..., : self.size, : self.size])
        return grey.unflatten(0, noise.codes.shape[:2])


def _fitted(texture: Tensor, side: int) -> Tensor:
    """Noise (N, 1, S, S) as (N, 1, side, side), its spread kept: a part of it, not a blur."""
    missing = side - texture.shape[-1]
    return (
        F.pad(texture, (0, missing, 0, missing), mode="circular")
        if missing > 0
        else texture[..., :side, :side]
    )
