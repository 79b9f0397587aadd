import pytest
import torch

from echodfkd.distill.datafree.artist import STILL, Artist, draw_noise


@pytest.mark.parametrize("size", [32, 40, 112])
def test_clips_have_the_size_and_range_that_a_teacher_takes(size: int) -> None:
    torch.manual_seed(0)
    clips = Artist(size)(draw_noise(2, 3, size, torch.device("cpu")))
    assert clips.shape == (2, 3, 1, size, size)
    assert 0 <= float(clips.min()) < float(clips.max()) <= 255


def test_a_frame_is_near_the_one_before_and_a_clip_is_not_like_another() -> None:
    torch.manual_seed(0)
    noise = draw_noise(8, 6, 32, torch.device("cpu"))
    still, moving = noise.codes.split((STILL, noise.codes.shape[2] - STILL), 2)
    assert float(still.diff(dim=1).abs().max()) == 0
    assert float(moving.diff(dim=1).abs().min()) >= 0
    assert 0 < float(moving.diff(dim=1).abs().mean()) < float(moving.diff(dim=0).abs().mean()) / 2
    clips = Artist(32)(noise)
    assert float(clips.diff(dim=1).abs().mean()) < float(clips.diff(dim=0).abs().mean()) / 2


def test_texture_keeps_its_spread() -> None:
    """cos^2 + sin^2 = 1: no frame of a clip is flatter than another."""
    torch.manual_seed(0)
    texture = draw_noise(4, 8, 64, torch.device("cpu")).texture
    assert texture.std((0, 2, 3, 4)).tolist() == pytest.approx([1.0] * 8, abs=0.03)
