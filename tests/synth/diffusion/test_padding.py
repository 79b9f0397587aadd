"""Padding around: what a denoiser adds on every side, and takes away again."""

from typing import Any

import pytest
import torch
from small_echonet_synthetic import SMALL, built

from echodfkd.synth.diffusion.denoiser import Denoiser, grown
from echodfkd.synth.diffusion.process import DDPM


@pytest.mark.parametrize(("size", "before"), [(14, 1), (16, 0), (13, 1), (6, 1)])
def test_half_of_the_padding_lies_before(size: int, before: int) -> None:
    clip = torch.randn(1, 2, 1, size, size)
    padded = grown(clip, 8, around=True)
    assert padded.shape[-1] % 8 == 0
    window = slice(before, before + size)
    torch.testing.assert_close(padded[..., window, window], clip)
    if before:
        torch.testing.assert_close(padded[..., window, 0], clip[..., :, 0])


def test_the_crop_is_where_the_clip_was() -> None:
    network: Any = built(SMALL["lidm_dynamic"])
    seen: list[torch.Tensor] = []
    network.register_forward_hook(lambda module, args, output: seen.append(output[0]))
    for around, start in ((True, 1), (False, 0)):
        denoiser = Denoiser(network, multiple=8, around=around)
        with torch.no_grad():
            output = denoiser(torch.randn(2, 4, 1, 6, 6), torch.ones(2), {})
        window = slice(start, start + 6)
        torch.testing.assert_close(output[:, :, 0], seen[-1][..., window, window])


def test_clamped_samples_stay_within_the_bound() -> None:
    velocity, noisy = torch.full((1, 1, 1, 1), -50.0), torch.zeros(1, 1, 1, 1)
    clean = {}
    for clip in (None, 4.0):
        scheduler = DDPM(clip=clip).scheduler("ddpm", 4)
        clean[clip] = float(scheduler.step(velocity, scheduler.timesteps[1], noisy).pred_original_sample)
    assert clean[4.0] == 4.0 < (clean[None] or 0)
