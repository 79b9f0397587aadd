from dataclasses import dataclass

import numpy as np
import pytest

from echodfkd.clip import Frames
from echodfkd.errors import UsageError
from echodfkd.segmenter import Segmenter
from echodfkd.teachers.ensemble import Ensemble


@dataclass
class Constant:
    """Sees the same everywhere."""

    value: int
    name: str = "a"
    claim: str = "real-free"
    convention: str = "echonet"
    size: int = 32

    @property
    def digest(self) -> str:
        return f"{self.value:064x}"

    def predict(self, frames: Frames) -> Frames:
        assert frames.shape[1:] == (self.size, self.size)
        return np.full(frames.shape, self.value, np.uint8)


CLIP = np.zeros((2, 32, 32), np.uint8)


def test_mean_and_spread_by_hand() -> None:
    """0, 100, 200: mean 100, standard deviation sqrt((100^2 + 0 + 100^2) / 3) = 81.65."""
    ensemble = Ensemble([Constant(0), Constant(100), Constant(200)])
    assert isinstance(ensemble, Segmenter)
    prob, spread = ensemble.predict_with_disagreement(CLIP)
    assert (prob.dtype, spread.dtype, prob.shape, spread.shape) == (
        np.uint8,
        np.uint8,
        CLIP.shape,
        CLIP.shape,
    )
    assert (prob == 100).all()
    assert (spread == 82).all()
    np.testing.assert_array_equal(ensemble.predict(CLIP), prob)


def test_weights_shift_both() -> None:
    """0 with weight 1, 200 with weight 3: mean 150, sqrt(1/4 * 150^2 + 3/4 * 50^2) = 86.6."""
    prob, spread = Ensemble([Constant(0), Constant(200)], [1, 3]).predict_with_disagreement(CLIP)
    assert (int(prob[0, 0, 0]), int(spread[0, 0, 0])) == (150, 87)


def test_the_widest_disagreement_fits() -> None:
    prob, spread = Ensemble([Constant(0), Constant(255)]).predict_with_disagreement(CLIP)
    assert int(prob[0, 0, 0]) in (127, 128)
    assert int(spread[0, 0, 0]) == 127
    assert not Ensemble([Constant(7), Constant(7)]).predict_with_disagreement(CLIP)[1].any()


@dataclass
class Echo(Constant):
    """Gives back what it sees."""

    def predict(self, frames: Frames) -> Frames:
        assert frames.shape[1:] == (self.size, self.size)
        return frames


def test_members_of_any_size_work_together() -> None:
    ensemble = Ensemble([Echo(1, size=32), Echo(2, size=64)])
    assert ensemble.size == 64
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8) * 3, (2, 64, 64))
    assert np.abs(ensemble.predict(ramp).astype(int) - ramp).max() <= 2


def test_what_it_says_of_itself() -> None:
    real = Constant(2, "b", "data-free: teacher saw EchoNet-Dynamic", "ase")
    ensemble = Ensemble([Constant(1), real, Constant(3, "c")])
    assert ensemble.name == "a+b+c"
    assert ensemble.claim == "data-free: teacher saw EchoNet-Dynamic; real-free"
    assert ensemble.convention == "unknown"
    assert Ensemble([Constant(1), Constant(2)]).claim == "real-free"
    assert Ensemble([Constant(1), Constant(2)]).convention == "echonet"


def test_members_and_weights_make_the_digest() -> None:
    a, b = Constant(1), Constant(2)
    digests = {
        Ensemble(*given).digest
        for given in (([a, b],), ([b, a],), ([a, b], [1, 2]), ([a, Constant(3)],), ([a, b, a],))
    }
    assert len(digests) == 5
    assert Ensemble([a, b]).digest == Ensemble([a, b], [5, 5]).digest
    assert all(len(digest) == 64 for digest in digests)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, float("nan")]])
def test_weights_that_fit_no_ensemble(weights: list[float]) -> None:
    with pytest.raises(UsageError, match="an ensemble of 2 needs as many positive weights"):
        Ensemble([Constant(1), Constant(2)], weights)


def test_one_teacher_is_no_ensemble() -> None:
    with pytest.raises(UsageError, match="two teachers or more"):
        Ensemble([Constant(1)])
