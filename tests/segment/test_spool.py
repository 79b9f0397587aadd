import numpy as np
import pytest

from echodfkd.segment.spool import Spool


def test_frames_come_back_in_order_whatever_the_blocks() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (7, 4, 4), dtype=np.uint8)
    with Spool(4) as spool:
        spool.append(frames[:3])
        np.testing.assert_array_equal(spool.read(1, 3), frames[1:3])
        spool.append(frames[3:])  # after a read: at the end all the same
        assert len(spool) == 7
        assert [len(block) for block in spool.blocks(3)] == [3, 3, 1]
        np.testing.assert_array_equal(np.concatenate(list(spool.blocks(3))), frames)
        assert spool.read(5, 99).shape == (2, 4, 4)
        assert spool.read(9, 12).shape == (0, 4, 4)


def test_other_shapes_are_refused() -> None:
    with (
        Spool(4) as spool,
        pytest.raises(ValueError, match=r"expected uint8 \(n, 4, 4\), got uint8 \(1, 5, 4\)"),
    ):
        spool.append(np.zeros((1, 5, 4), np.uint8))
