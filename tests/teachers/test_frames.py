import numpy as np
import pytest
import torch
from torch import Tensor, nn

from echodfkd.clip import Frames
from echodfkd.teachers.frames import FrameNetwork, Handling, in_windows


def ask(handling: Handling, out: Tensor) -> Tensor:
    """LV probability of a network that always makes `out`."""
    network = FrameNetwork(lambda x: out.expand(len(x), -1, -1, -1), handling)
    return torch.sigmoid(network(torch.zeros(1, 3, 1, 32, 32)))


def test_frames_are_scaled_and_repeated() -> None:
    handling = Handling(32, 3, "0..1", mean=(0.5, 0.25, 0.0), std=(0.5, 1.0, 2.0))
    look = FrameNetwork(nn.Identity(), handling).look(torch.full((1, 1, 32, 32), 255.0))
    assert look.shape == (1, 3, 32, 32)
    assert look[0, :, 0, 0].tolist() == pytest.approx([1.0, 0.75, 0.5])
    grey = FrameNetwork(nn.Identity(), Handling(32, 1, mean=(55.0,), std=(100.0,)))
    assert float(grey.look(torch.full((1, 1, 32, 32), 255.0))[0, 0, 0, 0]) == pytest.approx(2.0)


def test_padding_is_black_and_cut_off_again() -> None:
    handling = Handling(40, 1, mean=(0.0,), std=(1.0,), multiple=32)
    network = FrameNetwork(nn.Identity(), handling)
    frames = torch.rand(1, 2, 1, 40, 40) * 255
    assert network.look(frames[0]).shape == (2, 1, 64, 64)
    assert not network.look(frames[0])[..., 40:].any()
    assert torch.equal(network(frames), frames)


def test_each_kind_of_output_becomes_the_lv_probability() -> None:
    out = torch.tensor([0.2, 0.7, 0.1]).reshape(1, 3, 1, 1).expand(1, 3, 32, 32)
    chosen = ask(Handling(32, output="probability", lv_class=1), out)
    assert chosen.shape == (1, 3, 1, 32, 32)
    assert float(chosen[0, 0, 0, 0, 0]) == pytest.approx(0.7, abs=1e-5)
    softmax = ask(Handling(32, output="softmax", lv_class=2), out)
    assert float(softmax[0, 0, 0, 0, 0]) == pytest.approx(float(out[0, :, 0, 0].softmax(0)[2]), abs=1e-6)
    logit = ask(Handling(32, output="logit", lv_class=0), out)
    assert float(logit[0, 0, 0, 0, 0]) == pytest.approx(float(torch.sigmoid(torch.tensor(0.2))), abs=1e-6)


def test_certain_probabilities_stay_certain() -> None:
    prob = ask(Handling(32, output="probability"), torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2))
    assert float(prob.min()) == pytest.approx(0.0, abs=1e-5)
    assert float(prob.max()) == pytest.approx(1.0, abs=1e-5)


def test_smaller_masks_are_brought_to_the_frames_size() -> None:
    assert ask(Handling(32), torch.ones(1, 1, 8, 8)).shape == (1, 3, 1, 32, 32)


@pytest.mark.parametrize(("limits", "calls"), [((1, 2), [2, 2, 1]), ((2, 2), [2, 2, 2]), ((2, 3), [3, 2])])
def test_windows_cover_every_frame(limits: tuple[int, int], calls: list[int]) -> None:
    seen: list[int] = []

    def note(part: Frames) -> Frames:
        seen.append(len(part))
        return part

    clip = np.arange(5, dtype=np.uint8)[:, None, None].repeat(2, 1)
    np.testing.assert_array_equal(in_windows(note, clip, limits), clip)
    assert seen == calls


def test_a_clip_shorter_than_a_window_goes_on_with_its_last_frame() -> None:
    seen: list[list[int]] = []

    def note(part: Frames) -> Frames:
        seen.append(part[:, 0, 0].tolist())
        return part

    clip = np.arange(3, dtype=np.uint8)[:, None, None]
    np.testing.assert_array_equal(in_windows(note, clip, (5, 5)), clip)
    assert seen == [[0, 1, 2, 2, 2]]
