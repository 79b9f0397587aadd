import math

import pytest
import torch
from torch import Tensor, nn

from echodfkd.distill.features import FeatureHints, Tap, attention
from echodfkd.errors import UsageError
from echodfkd.students.networks import build_network


def test_attention_by_hand() -> None:
    """Squares summed over channels: the student's (1, 1), the teacher's (4, 0), both then of length 1."""
    student = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])
    teacher = torch.tensor([[[[2.0, 0.0]]]])
    expected = (1 - 1 / math.sqrt(2)) ** 2 + (1 / math.sqrt(2)) ** 2
    assert float(attention(student, teacher)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "channels", "side"),
    [("default", 96, 7), ("tiny", 48, 7), ("convlstm-22", 24, 56), ("smp:FPN:resnet18", 512, 4)],
)
def test_the_deepest_features_are_found(name: str, channels: int, side: int) -> None:
    network = build_network(name).eval()
    tap = Tap(network)
    assert tap.channels == channels
    with torch.no_grad():
        network(torch.zeros(2, 3, 1, 112, 112))
    assert tap.features(2).shape == (6, channels, side, side)


def test_frames_of_a_recurrent_network_come_clip_by_clip() -> None:
    network = build_network("convlstm-11").eval()
    tap = Tap(network)
    clips = torch.rand(2, 3, 1, 112, 112) * 255
    with torch.no_grad():
        network(clips)
        both = tap.features(2).clone()
        network(clips[1:])
        second = tap.features(1)
    assert torch.allclose(both[3:], second, atol=1e-5)


def test_a_network_without_small_maps_has_none() -> None:
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x.flatten(0, 1)).view_as(x)

    with pytest.raises(UsageError, match="no feature maps"):
        Tap(Flat())


@pytest.mark.parametrize("name", ["attention", "features"])
def test_a_student_comes_nearer_to_what_its_teacher_sees(name: str) -> None:
    torch.manual_seed(0)
    student, teacher = build_network("tiny").eval(), build_network("default")
    before = {key: value.clone() for key, value in teacher.state_dict().items()}
    hints = FeatureHints(student, teacher, {name: 1.0})
    trained = [p for p in [*student.parameters(), *hints.parameters()] if p.requires_grad]
    optimiser, x = torch.optim.Adam(trained, 3e-3), torch.rand(1, 4, 1, 64, 64) * 255
    losses = []
    for _ in range(12):
        student(x)
        loss = hints(x)
        losses.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert losses[-1] < 0.8 * losses[0]
    assert all(torch.equal(before[key], value) for key, value in teacher.state_dict().items())
    assert set(hints.state_dict()) == ({"adapt.weight", "adapt.bias"} if name == "features" else set())
