import numpy as np
import pytest
import torch
from dark_cavity import beating

from echodfkd.clip import Clip
from echodfkd.eval.auxiliary.base import Judge, kind_of
from echodfkd.eval.auxiliary.rca import CELL, PENALTY, RCA, SIZE, Ridge, cell_shares, upsampled, with_one
from echodfkd.eval.auxiliary.simclip.model import SimClip
from echodfkd.eval.auxiliary.simclip.network import SimClipNetwork

VIDEO, MASK = beating(6)


@pytest.fixture(scope="module")
def judge() -> RCA:
    torch.manual_seed(0)
    network = SimClipNetwork(width=0.3, depth=1, dimensions=16)
    return RCA(SimClip(network, "ab" * 32, "real-free"))


def test_the_ridge_finds_a_straight_rule() -> None:
    features = np.random.default_rng(0).normal(size=(3, 28, 28, 4)).astype(np.float32)
    wanted = 0.5 + features @ np.array([0.3, 0, -0.2, 0], np.float32)
    shrunk = 1 / (1 + PENALTY)  # features of unit variance that do not hang together
    assert Ridge(features).weights(wanted) == pytest.approx(
        [0.3 * shrunk, 0, -0.2 * shrunk, 0, 0.5], abs=0.01
    )
    assert with_one(features).shape == (3, 28, 28, 5)


def test_shares_and_back() -> None:
    shares = cell_shares(MASK)
    assert shares.shape == (6, SIZE // CELL, SIZE // CELL)
    found = upsampled(shares) > 0.5
    assert (found == MASK).mean() > 0.99


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
