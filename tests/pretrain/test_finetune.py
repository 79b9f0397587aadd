import pytest
import torch
from torch import Tensor, nn

from echodfkd.pretrain.finetune import batch_of, dice, segmentation_loss
from echodfkd.pretrain.volumes import CLASSES, Volumes


def few(count: int = 3) -> Volumes:
    """Boxes of each class, grey by class."""
    labels = torch.zeros(count, 1, 32, 32, 32, dtype=torch.int64)
    for label in range(1, CLASSES):
        labels[:, :, :, 8 * label : 8 * label + 6, 6:20] = label
    return Volumes(labels.float() / CLASSES, labels)


class Knowing(nn.Module):
    def forward(self, frames: Tensor) -> Tensor:
        classes = (frames[:, 0] * CLASSES).round().long()
        return nn.functional.one_hot(classes, CLASSES).movedim(-1, 1).float()


class Blind(nn.Module):
    def forward(self, frames: Tensor) -> Tensor:
        classes = (frames[:, 0] * CLASSES).round().long() % 2  # the LV alone, and LA taken for it
        return nn.functional.one_hot(classes, CLASSES).movedim(-1, 1).float()


def test_dice_by_class() -> None:
    cpu = torch.device("cpu")
    assert dice(Knowing(), few(), cpu) == pytest.approx({"LV": 1, "myocardium": 1, "LA": 1, "mean": 1})
    found = dice(Blind(), few(), cpu)
    assert found == pytest.approx({"LV": 2 / 3, "myocardium": 0, "LA": 0, "mean": 2 / 9})


def test_examples_are_of_their_step_alone_and_labels_stay_labels() -> None:
    some, seen = few(), []
    for step in range(6):
        frames, labels = batch_of(some, 2, step, 0)
        assert frames.shape == labels.shape == (2, 1, 32, 32, 32)
        assert {*labels.unique().tolist()} <= {*range(CLASSES)}
        assert float(frames.min()) >= 0 and float(frames.max()) <= 1
        seen.append(frames)
    again = batch_of(some, 2, 4, 0)[0]
    assert torch.equal(again, seen[4])
    assert not torch.equal(seen[4], seen[5])


def test_turning_turns_frames_and_labels_alike() -> None:
    some = few()
    assert some.labels is not None
    moved = 0
    for step in range(8):
        frames, labels = batch_of(some, 1, step, 1)
        moved += int(not torch.equal(labels, some.labels[:1]))
        inside, outside = frames[labels == 3].mean(), frames[labels == 0].mean()
        assert float(inside) > float(outside) + 0.1
    assert moved


def test_the_loss_knows_right_from_wrong() -> None:
    some = few()
    assert some.labels is not None
    loss = segmentation_loss()
    right = float(loss(20 * Knowing()(some.frames), some.labels))
    wrong = float(loss(20 * Blind()(some.frames), some.labels))
    assert right == pytest.approx(0, abs=1e-3) and wrong > 0.5
