from pathlib import Path

import numpy as np
import pytest
from simclip_material import Ellipses

from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.simclip.clips import BLOCK, VIEWS, material, phase


def test_clips_are_drawn_once_and_kept(tmp_path: Path) -> None:
    first = material([Ellipses()], 3, BLOCK + 2, tmp_path)
    assert len(first) == BLOCK + 2
    assert first.frames.shape == first.tissues.shape == (BLOCK + 2, 8, 112, 112)
    assert [VIEWS[view] for view in first.view[:4]] == ["a4c", "a4c", "a4c", "none"]
    assert np.isnan(first.ef[3])
    assert first.ef[1] == 41
    (tmp_path / f"{BLOCK:06d}-{BLOCK + 2:06d}.npz").unlink()
    again = material([Ellipses()], 3, BLOCK + 2, tmp_path)
    assert np.array_equal(again.frames, first.frames)


def test_a_damaged_block_is_named(tmp_path: Path) -> None:
    material([Ellipses()], 3, 2, tmp_path)
    path = tmp_path / "000000-000002.npz"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(EchoError, match=r"000000-000002\.npz is damaged"):
        material([Ellipses()], 3, 2, tmp_path)


def test_phase_by_area() -> None:
    valve, full = phase(Ellipses().clip(0, 0))  # ED at frame 0, ES at 4
    assert (valve[1:4] == -1).all()
    assert (valve[5:] == 1).all()
    assert full[0] == 1
    assert full[4] == 0
    valve, full = phase(Ellipses().clip(0, 3))
    assert not valve.any()
    assert np.isnan(full).all()
