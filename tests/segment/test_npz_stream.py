from pathlib import Path

import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.segment.npz_stream import NpzWriter


def test_numpy_reads_what_was_written_in_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mask, prob = rng.random((7, 5, 4)) > 0.5, rng.integers(0, 256, (7, 5, 4), dtype=np.uint8)
    with NpzWriter(tmp_path / "a.npz") as archive:
        archive.add("mask", mask.shape, np.bool_, (mask[:3], mask[3:]))
        archive.add("prob", prob.shape, np.uint8, iter([prob[i : i + 2] for i in range(0, 7, 2)]))
        archive.add("area", (7,), np.float64, [np.arange(7)])
    with np.load(tmp_path / "a.npz") as read:
        assert read.files == ["mask", "prob", "area"]
        np.testing.assert_array_equal(read["mask"], mask)
        np.testing.assert_array_equal(read["prob"], prob)
        assert read["mask"].dtype == np.bool_
        assert read["area"].dtype == np.float64


def test_a_slice_that_is_not_contiguous_is_written_as_it_reads(tmp_path: Path) -> None:
    block = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)[:, :, ::-1]
    with NpzWriter(tmp_path / "a.npz") as archive:
        archive.add("x", (2, 3, 4), np.uint8, [block])
    with np.load(tmp_path / "a.npz") as read:
        np.testing.assert_array_equal(read["x"], block)


def test_rows_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    with NpzWriter(tmp_path / "a.npz") as archive:
        with pytest.raises(EchoError, match="'x': 1 rows written where 2 were announced"):
            archive.add("x", (2, 3), np.uint8, [np.zeros((1, 3), np.uint8)])
        with pytest.raises(EchoError, match=r"block \(1, 4\) does not fit \(1, 3\)"):
            archive.add("y", (1, 3), np.uint8, [np.zeros((1, 4), np.uint8)])


def test_equal_arrays_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with NpzWriter(tmp_path / name) as archive:
            archive.add("x", (2, 3), np.uint8, [np.ones((2, 3), np.uint8)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
