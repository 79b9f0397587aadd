"""Clips of a small untrained flow around masks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_generators import SIZE, WINDOW, save_flow

from echodfkd.clip import Clip
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffusion import networks
from echodfkd.synth.flow.generator import FlowGenerator
from echodfkd.synth.sim.generator import SimGenerator


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_flow(tmp_path_factory.mktemp("flow"))


def made(folder: Path, **options: object) -> FlowGenerator:
    given = {"steps": 2, "frames": 2 * WINDOW, **options}
    return FlowGenerator(weights=str(folder), device="cpu", **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clips(folder: Path) -> list[Clip]:
    return made(folder).clips(3, [0, 1])


def apart(ours: Clip, theirs: Clip) -> int:
    return int(np.abs(ours.frames.astype(int) - theirs.frames).max())


def test_a_clip_has_the_masks_of_the_simulator(clips: list[Clip]) -> None:
    sim = SimGenerator(2 * WINDOW, SIZE, 32.0).clip(3, 1)
    clip = clips[1]
    assert clip.frames.shape == (2 * WINDOW, SIZE, SIZE) and clip.frames.std() > 5
    assert clip.mask is not None and sim.mask is not None and np.array_equal(clip.mask, sim.mask)
    assert (clip.ef, clip.ed_frames, clip.es_frames) == (sim.ef, sim.ed_frames, sim.es_frames)


def test_batches_of_one_and_two_differ_by_a_grey_level_at_most(folder: Path, clips: list[Clip]) -> None:
    for index, clip in enumerate(clips):
        assert apart(made(folder, batch=1).clip(3, index), clip) <= 1
    assert apart(*clips) > 10


def test_the_number_of_steps_is_told(folder: Path) -> None:
    one, two = made(folder, steps=1, frames=WINDOW).clip(3, 0), made(folder, frames=WINDOW).clip(3, 0)
    assert apart(one, two) > 3


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steps": 3}, "1, 2, 4"), ({"steps": 128}, "1, 2, 4"), ({"fps": 50.0}, "draw 32 frames")],
)
def test_options_that_do_not_fit_are_refused(folder: Path, options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        made(folder, **options)


def test_another_decoder_of_the_same_latents_is_taken(tmp_path: Path, clips: list[Clip]) -> None:
    vae = save_flow(tmp_path) / "generator-echonet-synthetic-vae.safetensors"
    parts, known = networks.load(vae)
    with torch.no_grad():
        parts["vae"].decoder.conv_out.bias.add_(0.2)  # type: ignore[union-attr]
    networks.save(parts, known, vae)
    assert made(tmp_path).clip(3, 0).frames.mean() > clips[0].frames.mean() + 3


def test_a_codec_of_another_training_is_refused(tmp_path: Path) -> None:
    vae = save_flow(tmp_path) / "generator-echonet-synthetic-vae.safetensors"
    parts, known = networks.load(vae)
    with torch.no_grad():
        parts["vae"].encoder.conv_in.weight.add_(0.1)  # type: ignore[union-attr]
    networks.save(parts, known, vae)
    with pytest.raises(EchoError, match="was not trained behind"):
        made(tmp_path)
