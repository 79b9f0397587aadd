from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from beating_curves import Soft, ellipse_curves
from dark_cavity import beating

from echodfkd.clip import Clip
from echodfkd.errors import EchoError
from echodfkd.heads.curves import curves_of, load_curves

CLIP = ellipse_curves(30)


def test_curves_come_back_from_their_file(tmp_path: Path) -> None:
    CLIP.save(tmp_path / "x.npz")
    back = load_curves(tmp_path / "x.npz")
    for field in fields(CLIP):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(CLIP, field.name))
    assert isinstance(back.fps, float)


def test_a_file_of_something_else_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", rows=CLIP.rows, prob=CLIP.area)
    with pytest.raises(EchoError, match=r"x\.npz holds no curves of this version: delete it"):
        load_curves(tmp_path / "x.npz")


def test_fullness_runs_from_the_largest_to_the_smallest_exact_mask() -> None:
    assert CLIP.fullness.max() == 1
    assert CLIP.fullness.min() == 0
    assert CLIP.fullness[[0, 20]] == pytest.approx(1)
    assert CLIP.fullness[[10]] == pytest.approx(0)


@pytest.mark.parametrize("view", ["sax", "none", None])
def test_only_apical_views_show_an_lv(view: str | None) -> None:
    video, mask = beating(5)
    clip = Clip(video, 25.0, mask=np.zeros_like(video), ef=50.0, view=view)
    curves = curves_of(clip, Soft(mask))
    assert not curves.is_lv
    assert (curves.fullness == 1).all()
