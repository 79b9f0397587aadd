from math import sqrt

import pytest
import torch

from echodfkd.errors import EchoError
from echodfkd.synth.diffusion.conditions import Conditioner, cut, dropped, nulled, rows, windowed
from echodfkd.synth.diffusion.windows import spans_of

EF = Conditioner("ef", "embedding", 1, drop=0.15)
VIEW = Conditioner("view", "embedding", 2, drop=0.5, null=-1.0)
MASK = Conditioner("mask", "concat", 3)
TEXT = Conditioner("text", "tokens", 4)


@pytest.mark.parametrize(
    ("conditioner", "shape"),
    [(EF, (2, 1)), (VIEW, (2, 2)), (MASK, (2, 3, 5, 8, 8)), (TEXT, (2, 7, 4))],
)
def test_a_value_of_another_shape_is_refused(conditioner: Conditioner, shape: tuple[int, ...]) -> None:
    conditioner.check(torch.zeros(shape))
    axis = len(shape) - 1 if conditioner.kind == "tokens" else 1
    wrong = [*shape]
    wrong[axis] += 1
    for other in (wrong, shape[:-1], [*shape, 1], shape[:1]):
        with pytest.raises(EchoError, match=f"condition '{conditioner.name}' must have"):
            conditioner.check(torch.zeros([*other]))


def test_the_null_is_reached_as_often_as_asked_and_by_each_condition_alone() -> None:
    count = 4000
    values = {
        "ef": torch.full((count, 1), 50.0),
        "view": torch.ones(count, 2),
        "text": torch.ones(count, 1, 4),
    }
    told = dropped((EF, VIEW, TEXT), values, torch.Generator().manual_seed(1))
    ef, view = (told["ef"] == 0).float(), (told["view"] == -1).all(1).float()
    for hit, share in ((ef, 0.15), (view, 0.5), (ef[:, 0] * view, 0.075)):
        assert abs(float(hit.mean()) - share) < 4 * sqrt(share * (1 - share) / count)
    assert bool(((told["view"] == -1).all(1) | (told["view"] == 1).all(1)).all())  # whole, not by channel
    assert torch.equal(told["text"], values["text"])
    assert float(values["ef"].min()) == 50  # what came in stays


def test_only_learned_nulls_are_told() -> None:
    values = {"ef": torch.full((2, 1), 50.0), "view": torch.ones(2, 2), "mask": torch.ones(2, 3, 1, 1, 1)}
    told = nulled((EF, VIEW, MASK), values)
    assert told["ef"].tolist() == [[0], [0]]
    assert told["view"].tolist() == [[-1, -1]] * 2
    assert torch.equal(told["mask"], values["mask"])


def test_every_window_is_told_its_own_clips_values() -> None:
    clips, spans = 8, spans_of(24, 8, 4)
    assert len(spans) == 5
    pictures = 100.0 * torch.arange(clips).view(-1, 1, 1, 1, 1) + torch.arange(24).view(1, 1, -1, 1, 1)
    values = {
        "ef": torch.arange(clips).view(-1, 1).float(),
        "mask": pictures.expand(-1, 3, -1, 2, 2),
        "text": torch.arange(clips).view(-1, 1, 1).expand(-1, 2, 4),
        "init": pictures,
    }
    told = windowed((EF, MASK, TEXT), values, spans)
    for clip in range(clips):
        for number, span in enumerate(spans):
            row = clip * len(spans) + number
            assert told["ef"][row].item() == clip
            assert bool((told["text"][row] == clip).all())
            expected = 100 * clip + torch.arange(span.start, span.stop)
            assert torch.equal(told["mask"][row, 0, :, 0, 0], expected.float())
            assert torch.equal(told["init"][row], pictures[clip])  # what no conditioner names stays whole
    assert torch.equal(told["mask"][:, :1, :, :1, :1], cut(pictures, spans))


def test_rows_are_cut_of_every_value() -> None:
    some = rows({"a": torch.arange(6).view(3, 2), "b": torch.arange(3)}, slice(1, 3))
    assert some["a"].tolist() == [[2, 3], [4, 5]]
    assert some["b"].tolist() == [1, 2]


def test_a_null_may_be_a_tensor_of_the_last_axes() -> None:
    null = torch.arange(6.0).view(3, 2)
    told = Conditioner("text", "tokens", 2, drop=0.5, null=null)
    values = {"text": torch.full((200, 3, 2), 9.0)}
    out = dropped((told,), values, torch.Generator().manual_seed(0))["text"]
    gone = (out == null).all(-1).all(-1)
    assert 70 < int(gone.sum()) < 130
    assert torch.equal(out[~gone], values["text"][~gone])
    assert torch.equal(nulled((told,), values)["text"], null.expand(200, 3, 2))
