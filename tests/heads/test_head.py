import json
from pathlib import Path

import numpy as np
import pytest
import torch
from beating_curves import Soft, ellipse_curves
from safetensors.torch import load_file, save_file

from echodfkd.errors import EchoError
from echodfkd.heads.channels import channels
from echodfkd.heads.head import Head, find_head, load_head, save_head
from echodfkd.heads.network import HeadNetwork
from echodfkd.home import model_folder
from echodfkd.students.checkpoint import KEY

CLIP = ellipse_curves(50)


def head(**settled: object) -> Head:
    torch.manual_seed(0)
    return Head(HeadNetwork().eval(), "soft", Soft.digest, **settled)  # type: ignore[arg-type]


def test_a_reading_has_a_value_for_every_frame() -> None:
    reading = head().read(CLIP.rows, CLIP.fps, 55.0, False)
    for curve in (reading.ed, reading.es):
        assert curve.shape == (50,)
        assert ((curve >= 0) & (curve <= 1)).all()
    assert reading.ef is not None
    assert reading.interval is not None
    assert 1 <= reading.interval[0] <= reading.ef <= reading.interval[1] <= 95
    assert reading.lv is None  # never saw anything but an LV


def test_without_an_ef_of_the_masks_there_is_none() -> None:
    reading = head(lv_limit=0.5).read(CLIP.rows, CLIP.fps)
    assert (reading.ef, reading.interval) == (None, None)
    assert reading.lv is not None
    assert 0 < reading.lv < 1


def test_what_was_settled_is_applied() -> None:
    plain = head().read(CLIP.rows, CLIP.fps, 55.0, False)
    masks_only = head(share=0.0, widen=3.0).read(CLIP.rows, CLIP.fps, 55.0, False)
    assert masks_only.ef == pytest.approx(55)
    assert plain.interval is not None
    assert masks_only.interval is not None
    width = plain.interval[1] - plain.interval[0]
    assert masks_only.interval[1] - masks_only.interval[0] == pytest.approx(width + 6, abs=1e-4)


def test_the_stretch_moves_ef_and_interval_away_from_its_centre() -> None:
    """By hand: EF 55, stretched by 1.2 about 60, is 54; each bound moves alike, then grows by 2 points."""
    plain = head(share=0.0).read(CLIP.rows, CLIP.fps, 55.0, False)
    found = head(share=0.0, stretch=1.2, centre=60.0, widen=2.0).read(CLIP.rows, CLIP.fps, 55.0, False)
    assert found.ef == pytest.approx(54)
    assert plain.interval is not None
    low, high = (60 + 1.2 * (bound - 60) for bound in plain.interval)
    assert found.interval == pytest.approx((low - 2, high + 2), abs=1e-4)


def test_channels_made_before_read_alike() -> None:
    made = channels(CLIP.rows, CLIP.fps)
    again = head().read_channels(made, 50, CLIP.fps, 55.0, False)
    direct = head().read(CLIP.rows, CLIP.fps, 55.0, False)
    assert again.ef == direct.ef
    assert np.array_equal(again.ed, direct.ed)


def test_a_head_from_before_the_stretch_leaves_ef_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "h.safetensors"
    save_head(head(stretch=1.2, centre=60.0), path, {})
    assert (load_head(path).stretch, load_head(path).centre) == (1.2, 60.0)
    older = {key: value for key, value in head().config().items() if key not in ("stretch", "centre")}
    save_file(load_file(path), path, metadata={KEY: json.dumps(older)})
    assert (load_head(path).stretch, load_head(path).centre) == (1.0, 50.0)


def test_an_interval_that_shrank_still_holds_its_ef() -> None:
    reading = head(widen=-60.0).read(CLIP.rows, CLIP.fps, 55.0, False)
    assert reading.ef is not None
    assert reading.interval == pytest.approx((reading.ef, reading.ef))


def test_a_stored_head_reads_alike(tmp_path: Path) -> None:
    save_head(head(widen=2.0, share=0.5, lv_limit=0.3), tmp_path / "h.safetensors", {"claim": "real-free"})
    back = load_head(tmp_path / "h.safetensors")
    assert (back.name, back.widen, back.share, back.lv_limit) == ("soft", 2.0, 0.5, 0.3)
    one, two = (h.read(CLIP.rows, CLIP.fps, 55.0, False) for h in (head(widen=2.0, share=0.5), back))
    assert two.ef == pytest.approx(one.ef, abs=0.05)  # fp16
    np.testing.assert_allclose(two.ed, one.ed, atol=5e-3)


def test_a_head_is_found_for_its_own_student_only() -> None:
    path = model_folder() / "heads-soft.safetensors"
    student = Soft(np.zeros((1, 2, 2), bool))
    assert find_head(student) is None
    save_head(head(), path, {})
    try:
        found = find_head(student)
        assert found is not None
        assert found.name == "soft"
        assert find_head(student) is found  # loaded once
        student.digest = "ef" * 32
        assert find_head(student) is None
    finally:
        path.unlink()


def test_what_is_no_head_is_said(tmp_path: Path) -> None:
    path = tmp_path / "h.safetensors"
    save_head(head(), path, {})
    weights = load_file(path)
    metadata = {KEY: json.dumps(head().config())}
    save_file(weights, path, metadata={KEY: json.dumps({"architecture": "default"})})
    with pytest.raises(EchoError, match="holds 'default', not a head"):
        load_head(path)
    lacking = {key: value for key, value in head().config().items() if key != "share"}
    save_file(weights, path, metadata={KEY: json.dumps(lacking)})
    with pytest.raises(EchoError, match="a head of another version: it lacks share"):
        load_head(path)
    save_file({k: v for k, v in weights.items() if k != "stem.bias"}, path, metadata=metadata)
    with pytest.raises(EchoError, match="a head of another version"):
        load_head(path)
    save_file(weights | {"stem.bias": weights["stem.bias"] * float("nan")}, path, metadata=metadata)
    with pytest.raises(EchoError, match="NaN or infinite"):
        load_head(path)
