import pytest
import torch
from torch import Tensor

from echodfkd.students.causal import SPAN, Causal, State, running
from echodfkd.students.networks import build_network

FRAMES, HEIGHT, WIDTH = 2 * SPAN + 6, 52, 64  # padded to 64 x 64


@pytest.fixture(scope="module", params=["tiny", "micro"])
def network(request: pytest.FixtureRequest) -> Causal:
    """An untrained student, whose batch statistics are not the initial ones."""
    torch.manual_seed(0)
    made = build_network(request.param)
    made.train()(torch.rand(2, 3, 1, HEIGHT, WIDTH) * 255)
    assert isinstance(made, Causal)
    return made.eval()


@pytest.fixture(scope="module")
def clips() -> Tensor:
    return torch.rand(2, FRAMES, 1, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)) * 255


@torch.inference_mode()
def test_step_by_step_is_the_same_as_at_once(network: Causal, clips: Tensor) -> None:
    state, found = network.initial_state(2, HEIGHT, WIDTH), []
    for frame in clips.unbind(1):
        logits, state = network.step(frame, state)
        found.append(logits)
    assert torch.allclose(torch.stack(found, 1), network(clips), atol=1e-4)
    assert state.seen == SPAN  # counted up to there, so that an endless stream stays exact


@torch.inference_mode()
@pytest.mark.parametrize("cut", [1, 20, SPAN, FRAMES - 1])
def test_pieces_with_their_state_are_the_same_as_the_whole(network: Causal, clips: Tensor, cut: int) -> None:
    first, state = network.advance(clips[:, :cut], network.initial_state(2, HEIGHT, WIDTH))
    second, _ = network.advance(clips[:, cut:], state)
    assert torch.allclose(torch.cat([first, second], 1), network(clips), atol=1e-4)


@torch.inference_mode()
def test_no_frame_depends_on_later_ones(network: Causal, clips: Tensor) -> None:
    other = clips.clone()
    other[:, 10:] = 255 - other[:, 10:]
    before, after = network(clips), network(other)
    assert torch.allclose(before[:, :10], after[:, :10], atol=1e-6)
    assert not torch.allclose(before[:, 10:], after[:, 10:], atol=1e-2)


@torch.inference_mode()
def test_a_frame_depends_on_earlier_ones(network: Causal, clips: Tensor) -> None:
    alone, within = network(clips[:, 5:6])[:, 0], network(clips[:, :6])[:, 5]
    assert not torch.allclose(alone, within, atol=1e-2)


def state(mean: float, variance: float, seen: int) -> State:
    one = torch.ones(1, 1, 1, 1, 1)
    return State(torch.tensor(float(seen)), mean * one, variance * one, ())


def test_running_statistics_are_those_of_the_frames_so_far() -> None:
    x = torch.rand(1, SPAN, 1, 1, 1, generator=torch.Generator().manual_seed(1))
    mean, variance = running(x, state(0, 0, 0))
    for t in range(SPAN):
        assert torch.allclose(mean[0, t], x[0, : t + 1].mean(0), atol=1e-6)
        assert torch.allclose(variance[0, t], x[0, : t + 1].var(0, correction=0), atol=1e-6)


def test_later_frames_are_forgotten_with_one_share_a_frame() -> None:
    """After SPAN frames of 0, a frame of 1: mean 1/32, variance 31/32 * 1/32; then a 0."""
    mean, variance = running(torch.tensor([1.0, 0.0]).view(1, 2, 1, 1, 1), state(0, 0, SPAN))
    assert mean.flatten().tolist() == pytest.approx([1 / 32, 31 / 32**2])
    assert variance.flatten().tolist() == pytest.approx(
        [31 / 32**2, 31 / 32 * (31 / 32**2 + 1 / 32**3)], rel=1e-5
    )


def test_gradients_reach_every_weight(network: Causal, clips: Tensor) -> None:
    network(clips[:, :3]).square().mean().backward()
    missing = {name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()}
    network.zero_grad()
    assert {name for name in missing if ".tissues." not in name} == set()  # those learn from tissues alone
