from math import sqrt
from typing import Any

import numpy as np
import pytest
import torch
from diffusion_material import EF, REFERENCE, corpus, image_unet, vae, video_unet
from torch import Tensor

from echodfkd.synth.diffusion import tasks
from echodfkd.synth.diffusion.codec import FrameKL, Identity, to_signal
from echodfkd.synth.diffusion.corpus import Corpus, as_tensor
from echodfkd.synth.diffusion.denoiser import Denoiser
from echodfkd.synth.diffusion.process import DDPM, EDM, Flow, Noised
from echodfkd.synth.diffusion.sampler import Sampling
from echodfkd.synth.diffusion.tasks import CLEAN, INSIDE, Denoising, classes, grid, weighted


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return corpus(tmp_path_factory.mktemp("tasks"))


def pixels(made: Corpus, **more: Any) -> Denoising:
    """In pixels, told nothing, frame by frame."""
    denoiser = Denoiser(image_unet())
    return Denoising(denoiser, EDM(), made, None, {}, Sampling(2, "euler"), Identity(), **more)


def latent(made: Corpus, **more: Any) -> Denoising:
    codec = FrameKL(vae(), 2)
    latents = made.latents(codec, "tasks")
    reference = REFERENCE.__class__("reference", "concat", 4)
    denoiser = Denoiser(video_unet(4, 4), (reference, EF), multiple=2)
    tellers = {"reference": tasks.reference(latents), "ef": tasks.ef}
    sampling = Sampling(2, "ddim", guidance=1.5)
    return Denoising(denoiser, DDPM(), made, latents, tellers, sampling, codec, **more)


def test_a_batch_is_of_its_step_alone(made: Corpus) -> None:
    one, two = pixels(made, frames=3, seed=1), pixels(made, frames=3, seed=1)
    one.batch(0, 3)
    for step in (5, 6):
        ours, theirs = one.batch(step, 3), two.batch(step, 3)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not torch.equal(one.batch(5, 3)[CLEAN], one.batch(8, 3)[CLEAN])
    assert not torch.equal(one.batch(5, 3)[CLEAN], pixels(made, frames=3, seed=2).batch(5, 3)[CLEAN])


def test_whole_windows_come_with_what_is_inside(made: Corpus) -> None:
    batch = pixels(made).batch(0, 3)
    assert batch[CLEAN].shape == (3, 1, 8, 16, 16)
    assert sorted(batch[INSIDE].sum(1).tolist()) == [4, 8, 8]
    short = int(batch[INSIDE].sum(1).argmin())
    assert torch.equal(batch[CLEAN][short, 0], to_signal(as_tensor(made.frames[0])))
    assert batch[INSIDE][short].tolist() == [1] * 4 + [0] * 4


def test_shorter_windows_come_from_anywhere_inside(made: Corpus) -> None:
    task, begun = pixels(made, frames=3), set()
    signal = to_signal(as_tensor(made.frames))
    for step in range(20):
        batch = task.batch(step, 3)
        assert bool((batch[INSIDE] == 1).all())
        for clip in batch[CLEAN][:, 0]:
            places = [
                (number, start)
                for number in range(3)
                for start in range(int(made.length[number]) - 2)
                if torch.equal(signal[number, start : start + 3], clip)
            ]
            assert places
            begun |= {*places}
    assert {start for number, start in begun if number > 0} == {*range(6)}
    assert {start for number, start in begun if number == 0} == {0, 1}


def test_latents_and_pixels_are_of_the_same_frames(made: Corpus) -> None:
    task = latent(made, frames=3)
    batch, same = task.batch(4, 3), pixels(made, frames=3).batch(4, 3)
    assert batch[CLEAN].shape == (3, 4, 3, 4, 4)
    assert torch.allclose(batch[CLEAN], task.codec.encode(same[CLEAN]), atol=5e-3)


@torch.no_grad()
def test_frames_that_only_fill_up_change_nothing(made: Corpus) -> None:
    task = pixels(made)
    batch = task.batch(0, 3)
    short = int(batch[INSIDE].sum(1).argmin())
    before = task.losses(batch, 0, torch.Generator().manual_seed(1))["loss"]
    changed = {name: value.clone() for name, value in batch.items()}
    changed[CLEAN][short, :, 4:] = 7.0
    assert torch.equal(task.losses(changed, 0, torch.Generator().manual_seed(1))["loss"], before)
    changed[CLEAN][short, :, 3] = 7.0
    assert not torch.equal(task.losses(changed, 0, torch.Generator().manual_seed(1))["loss"], before)


def test_every_example_counts_by_its_weight_and_alike_for_any_length() -> None:
    target = torch.zeros(2, 1, 4, 2, 2)
    output = torch.ones(2, 1, 4, 2, 2)
    output[1, :, 2:] = 100  # outside
    inside = torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0]])
    noised = Noised(target, torch.zeros(2), target, torch.tensor([1.0, 3.0]))
    assert float(weighted(output, noised, inside)) == 2
    assert float(weighted(output, noised, inside * 0)) == 0


def test_the_null_is_reached_in_training(made: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Tensor] = []

    def forward(self: Denoiser, noisy: Tensor, time: Tensor, values: Any) -> Tensor:
        heard.append(values["ef"][:, 0])
        return noisy

    monkeypatch.setattr(Denoiser, "forward", forward)
    task = latent(made)
    for step in range(150):
        batch = task.batch(step, 4) | {"ef": torch.full((4, 1), 50.0)}
        task.losses(batch, step, torch.Generator().manual_seed(step))
    share = float((torch.cat(heard) == EF.null).float().mean())
    assert abs(share - EF.drop) < 4 * sqrt(EF.drop * (1 - EF.drop) / 600)


@pytest.mark.parametrize("process", [EDM(), DDPM(), Flow()], ids=str)
def test_a_network_learns_from_the_loss(made: Corpus, process: Any) -> None:
    task = pixels(made)
    task.process = process
    optimiser = torch.optim.Adam(task.network.parameters(), 3e-3)
    losses = []
    for _ in range(12):  # the same examples, noise and times over and over
        loss = task.losses(task.batch(0, 3), 0, torch.Generator().manual_seed(0))["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_offset_noise_shifts_whole_channels(made: Corpus) -> None:
    like = torch.zeros(200, 2, 2, 8, 8)
    noise = latent(made, offset=0.5).noise(like, torch.Generator().manual_seed(0))
    plain = latent(made).noise(like, torch.Generator().manual_seed(0))
    shift = noise - plain
    assert torch.allclose(shift, shift[:, :, :1, :1, :1].expand_as(shift), atol=1e-5)
    assert float(shift[:, :, 0, 0, 0].std()) == pytest.approx(0.5, rel=0.15)
    assert float(plain.std()) == pytest.approx(1, rel=0.05)


def test_tellers_say_what_the_corpus_knows(made: Corpus) -> None:
    which, places = np.array([0, 2]), np.array([[0, 1, 2], [4, 5, 6]])
    assert tasks.ef(made, which, places).tolist() == [[0], [32]]
    cone = tasks.cone(made, which, places)
    assert cone.shape == (2, 1, 3, 16, 16)
    assert bool((cone == 1).all())
    share = tasks.masks(4, 2)(made, which, places)
    assert share.shape == (2, 2, 3, 4, 4)
    block = made.labels[2, 5, 4:8, 8:12] == 1
    assert float(share[1, 0, 1, 1, 2]) == pytest.approx(block.mean())
    assert not bool(share[:, 1].any())  # no myocardium there


def test_classes_are_shares_of_squares() -> None:
    labels = np.zeros((1, 1, 4, 4), np.uint8)
    labels[..., :2, :1], labels[..., 2:, 2:] = 1, 2
    shares = classes(labels, 2, 2)
    assert shares[0, :, 0].tolist() == [[[0.5, 0], [0, 0]], [[0, 0], [0, 1]]]


def test_a_reference_is_one_frame_of_the_window_for_all_its_frames(made: Corpus) -> None:
    latents = np.arange(3 * 8, dtype=np.float16).reshape(3, 1, 8, 1, 1)
    which = np.array([0, 1, 2])
    places = np.arange(3)[None] + np.array([[0], [2], [5]])
    told = tasks.reference(latents)(made, which, places)
    assert told.shape == (3, 1, 3, 1, 1)
    for row, window in enumerate(which):
        assert len({*told[row].flatten().tolist()}) == 1
        assert float(told[row, 0, 0]) - 8 * window in places[row]


def test_grids_show_frames_of_clips_in_rows() -> None:
    clips = torch.linspace(-1, 1, 20).view(1, 1, 20, 1, 1).expand(2, 1, 20, 4, 6)
    shown = grid(clips)
    assert shown.shape == (1, 8, 48)
    assert float(shown[0, 0, 0]) == 0
    assert float(shown[0, -1, -1]) == 1
    assert bool((shown[0, 0].diff() >= 0).all())


def test_samples_are_shown_decoded(made: Corpus) -> None:
    task = latent(made)
    task.network.eval()
    shown = task.pictures()
    assert shown is not None
    assert shown.shape == (1, 3 * 16, 8 * 16)
    assert bool(torch.isfinite(shown).all())
    again = task.pictures()
    assert again is not None
    assert torch.equal(again, shown)
