import numpy as np
import pytest
from dark_cavity import beating

from echodfkd.eval.auxiliary.tiny_segmenter import (
    CELL,
    COMPONENTS,
    PENALTY,
    SIZE,
    THRESHOLDS,
    Components,
    Ridge,
    cell_shares,
    neighbours,
    threshold,
    upsampled,
    with_one,
)

_, MASK = beating(6)


def test_the_ridge_finds_a_straight_rule() -> None:
    features = np.random.default_rng(0).normal(size=(3, 28, 28, 4)).astype(np.float32)
    wanted = 0.5 + features @ np.array([0.3, 0, -0.2, 0], np.float32)
    shrunk = 1 / (1 + PENALTY)  # features of unit variance that do not hang together
    ridge = Ridge(with_one(features))
    weights = ridge.weights(wanted)
    assert weights == pytest.approx([0.3 * shrunk, 0, -0.2 * shrunk, 0, 0.5], abs=0.01)
    assert ridge.own(weights).shape == (3, SIZE, SIZE)


def test_neighbours_are_those_beside_and_the_edge_is_repeated() -> None:
    values = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    near = neighbours(values, 1, 1)
    assert near[0, 1, 1].tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert near[0, 0, 0].tolist() == [0, 0, 1, 0, 0, 1, 4, 4, 5]
    assert neighbours(values, 1, 2)[0, 2, 2].tolist() == [0, 2, 3, 8, 10, 11, 12, 14, 15]


def test_a_shifted_mask_can_be_learned_from_neighbours() -> None:
    """What learned from masks one cell to the right finds masks one cell to the right elsewhere."""
    shares = cell_shares(MASK)
    read = with_one(neighbours(shares[..., None], 1, 1))
    weights = Ridge(read[:3]).weights(np.roll(shares[:3], 1, 2))
    found = upsampled(read[3:] @ weights) > 0.5
    right = np.roll(MASK[3:], CELL, 2)
    assert (found & ~right).sum() + (right & ~found).sum() < 0.5 * (MASK[3:] ^ right).sum()


def test_components_are_the_directions_of_most_spread() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(size=(2, 8, 8, 1))
    features = np.concatenate(
        [common + 0.1 * rng.normal(size=(2, 8, 8, 12)), rng.normal(size=(2, 8, 8, 3))], -1
    )
    found = Components.of((5 + 3 * features).astype(np.float32))
    assert found.basis.shape == (15, COMPONENTS)
    first = (5 + 3 * features - found.mean) @ found.basis[:, 0]
    assert abs(np.corrcoef(first.ravel(), common.ravel())[0, 1]) > 0.99
    assert first.mean() == pytest.approx(0, abs=1e-3)


def test_as_much_lies_above_the_threshold_as_is_masked() -> None:
    found = np.linspace(0, 0.8, MASK.size, dtype=np.float32).reshape(MASK.shape)
    masked = np.zeros_like(MASK)
    masked.reshape(-1)[: MASK.size // 3] = True
    assert (found > threshold(found, masked)).mean() == pytest.approx(1 / 3, abs=0.01)
    assert threshold(0 * found, masked) == THRESHOLDS[0]


def test_shares_and_back() -> None:
    shares = cell_shares(MASK)
    assert shares.shape == (6, SIZE // CELL, SIZE // CELL)
    found = upsampled(shares) > 0.5
    assert (found == MASK).mean() > 0.99
