"""The graph around a network: its resizing is that of `segment`, its outputs fit together."""

import numpy as np
import pytest
import torch

from echodfkd.export.graph import Fitted, Whole, filled, flat
from echodfkd.sector import crop, from_box, uncrop
from echodfkd.students.networks import build_network

SIZES = [(240, 320), (320, 240), (113, 112), (60, 50), (112, 112), (224, 224)]


def clip(shape: tuple[int, int], frames: int = 2) -> np.ndarray:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (frames, 1 + shape[0] // 7, 1 + shape[1] // 7), np.uint8)
    return np.kron(small, np.ones((1, 7, 7), np.uint8))[:, : shape[0], : shape[1]]


@pytest.mark.parametrize("shape", SIZES)
def test_frames_come_to_the_square_as_segment_brings_them(shape: tuple[int, int]) -> None:
    frames = clip(shape)
    sector = from_box(shape, (0, 0, shape[1], shape[0]))
    ours = Fitted(112).shrink(torch.from_numpy(frames)).numpy()
    assert np.abs(ours - crop(frames, sector, 112)).max() <= 1  # rounding of halves


@pytest.mark.parametrize("shape", SIZES)
def test_masks_go_back_as_segment_brings_them(shape: tuple[int, int]) -> None:
    prob = clip((112, 112))
    sector = from_box(shape, (0, 0, shape[1], shape[0]))
    ours = Fitted(112).enlarge(torch.from_numpy(prob).float(), torch.from_numpy(clip(shape)))
    assert np.abs(ours.numpy() - uncrop(prob, sector, shape)).max() <= 1.01


def test_mask_prob_and_area_fit_together() -> None:
    torch.manual_seed(0)
    graph = Whole(build_network("micro"), 48).eval()
    found = graph(torch.from_numpy(clip((70, 90), 6)).view(2, 3, 70, 90))
    assert found.mask.shape == found.prob.shape == (2, 3, 70, 90)
    assert (found.mask.dtype, found.prob.dtype) == (torch.uint8, torch.float32)
    assert torch.equal(found.mask.bool(), found.prob >= 0.5)
    assert torch.equal(found.area, found.mask.float().sum((2, 3)))


def test_a_state_is_the_same_after_it_was_flat() -> None:
    state = build_network("micro").initial_state(1, 48, 48)
    again = filled(state, iter(flat(state)))
    assert type(again) is type(state)
    assert len(flat(again)) == len(flat(state)) > 3
