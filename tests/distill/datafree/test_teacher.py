import math
import re
from collections.abc import Callable

import pytest
import torch
from dark_is_lv import CONFIG, easy_teacher, ellipses
from torch import nn

from echodfkd.distill.datafree.teacher import OpenTeacher, gap
from echodfkd.errors import UsageError
from echodfkd.segmenter import Segmenter
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.teachers.ensemble import Ensemble


def test_the_gap_is_the_divergence_of_normal_distributions() -> None:
    """-1 and 3 have mean 1 and variance 8: against 0 and 4 it is half of (8 + 1) / 4 - 1 - ln 2."""
    features = torch.tensor([-1.0, 3.0]).view(2, 1, 1, 1)
    found = gap(features, torch.tensor([0.0]), torch.tensor([4.0]))
    assert float(found) == pytest.approx(0.5 * (9 / 4 - 1 - math.log(2)), abs=1e-4)
    assert float(gap(features, torch.tensor([1.0]), torch.tensor([8.0]))) == pytest.approx(0, abs=1e-6)


def test_frames_like_those_it_learned_from_are_nearer_than_noise() -> None:
    """The masks are the teacher's own, the gradient reaches the frames, and its weights get none."""
    guide = easy_teacher()
    opened = OpenTeacher(guide)
    assert opened.norms == 1  # folded away in what runs, not in what was trained
    own = torch.from_numpy(ellipses())[:, :, None].float().requires_grad_()
    logits, near = opened(own)
    assert torch.equal(logits[0, :, 0] > 0, torch.from_numpy(guide.predict(ellipses()[0])) > 127)
    assert float(near.detach()) < 0.1 < float(opened(torch.rand(4, 4, 1, 32, 32) * 255)[1])
    near.backward()
    assert own.grad is not None and float(own.grad.abs().sum()) > 0
    assert not any(weights.requires_grad for weights in opened.network.parameters())
    assert all(
        weights.requires_grad for weights in guide.trained.parameters()
    )  # the teacher itself is as before


def test_every_batch_norm_of_our_own_teacher_is_watched() -> None:
    network = build_network("default")
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    opened = OpenTeacher(TorchSegmenter(network, CONFIG, "ours", "0" * 64, "cpu"))
    opened(torch.rand(1, 2, 1, 32, 32) * 255)
    assert opened.norms == norms == len(opened._seen) > 5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ensemble([easy_teacher(), easy_teacher()]), "'dark+dark' is no torch network"),
        (
            lambda: of(nn.Identity()),
            "'bare' is no torch network",
        ),  # as ONNX and .pt2 files hold it: called only
        (lambda: of(nn.Conv2d(1, 1, 1)), "'bare' has no batch norm"),
    ],
)
def test_other_teachers_are_refused(make: Callable[[], Segmenter], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        OpenTeacher(make())


def of(network: nn.Module) -> TorchSegmenter:
    return TorchSegmenter(network, CONFIG, "bare", "0" * 64, "cpu")
