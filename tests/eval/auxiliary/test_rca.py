import numpy as np
import pytest
import torch
from dark_cavity import beating

from echodfkd.clip import Clip
from echodfkd.eval.auxiliary.base import Judge, kind_of
from echodfkd.eval.auxiliary.rca import ALIKE, CLIPS, RCA, Components, References, unsteady
from echodfkd.eval.auxiliary.simclip.model import SimClip
from echodfkd.eval.auxiliary.simclip.network import SimClipNetwork

VIDEO, MASK = beating(6)


@pytest.fixture(scope="module")
def judge() -> RCA:
    torch.manual_seed(0)
    network = SimClipNetwork(width=0.3, depth=1, dimensions=16)
    return RCA(SimClip(network, "ab" * 32, "real-free"))


def test_it_is_a_judge_with_a_note(judge: RCA) -> None:
    assert isinstance(judge, Judge)
    assert kind_of(judge) == "judge"
    assert "not independent" in judge.note
    assert judge.words["rca"].digits == 3


def test_a_prediction_is_scored_on_the_references(judge: RCA) -> None:
    """Even the features of an untrained network tell a mask of dark cells from one of bright ones."""
    prob = 255 * MASK.astype(np.uint8)
    right = dict(judge.scores(Clip(VIDEO), prob))["rca"]
    assert 0 < right <= 1
    assert right == judge.score(VIDEO, MASK)
    assert judge.score(VIDEO, np.roll(MASK, 40, 2)) < right
    assert judge.score(VIDEO, np.zeros_like(MASK)) == 0


def test_a_score_does_not_hang_on_what_was_scored_before(judge: RCA) -> None:
    first = judge.score(VIDEO, MASK)
    judge.score(VIDEO[::-1] // 2, MASK)
    assert judge.score(VIDEO, MASK) == first


def test_masks_whose_size_does_not_follow_the_picture_score_less(judge: RCA) -> None:
    assert unsteady(MASK, MASK) == 0
    assert unsteady(MASK, MASK[[3] * 6]) > unsteady(MASK, np.roll(MASK, 5, 2)) == 0
    smaller = MASK.copy()
    smaller[::2] = False
    assert unsteady(MASK, smaller) > 1


def test_the_references_that_look_most_alike_count() -> None:
    looks = np.stack([np.arange(8.0), np.zeros(8)], -1).astype(np.float32)
    none = np.zeros((8, 1, 1, 1, 1), np.float32)
    some = References(Components(looks[0], looks[:2]), none, none[..., 0] > 0, looks)
    assert sorted(some.alike(np.array([6.2, 0], np.float32))) == [4, 5, 6, 7]


def test_the_references_are_drawn_once_with_masks(judge: RCA) -> None:
    references = judge._references
    assert references is judge._references
    assert len(references.masks) == CLIPS == len(references.features) == len(references.looks)
    assert references.masks.any((1, 2, 3)).all()
    assert len(references.alike(references.looks[0])) == round(ALIKE * CLIPS)
    assert references.alike(references.looks[5])[0] == 5
