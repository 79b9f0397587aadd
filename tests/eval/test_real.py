from pathlib import Path

import numpy as np
import pytest
from sim_clips import Exact, save, sim_clips

from echodfkd.beats import detect_events
from echodfkd.clip import Clip
from echodfkd.errors import EchoError
from echodfkd.eval.real import find_clips, score_folder, score_source
from echodfkd.readers import open_source
from echodfkd.segment.pipeline import segment


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return sim_clips(2)


def test_exact_masks_are_perfect(clips: list[Clip], tmp_path: Path) -> None:
    for clip in clips:
        save(tmp_path / "below", clip, mask=clip.lv)
    scores = score_folder(tmp_path, find_clips(tmp_path), Exact(clips))
    assert [score.clip for score in scores] == [f"below/{clip.name}" for clip in clips]
    for score, clip in zip(scores, clips, strict=True):
        assert clip.lv is not None
        events = detect_events(clip.lv.sum((1, 2)), 25.0)
        assert score.has_masks
        assert not score.has_ef
        assert score.dice.tolist() == [1.0] * 40
        assert score.area_correlation == pytest.approx(1)
        assert score.area_ratio == 1
        assert score.ed.pairs == tuple((frame, frame) for frame in events.ed) != ()
        assert score.es.pairs == tuple((frame, frame) for frame in events.es) != ()
        assert score.ed.misses == score.ed.false == score.es.misses == score.es.false == ()


def test_masks_beside_the_lv_cost_overlap_but_not_the_curve(clips: list[Clip], tmp_path: Path) -> None:
    source = open_source(save(tmp_path, clips[0], mask=clips[0].lv))
    score = score_source(source, Exact(clips, shift=4), "moved")
    assert score.dice.max() < 0.95
    assert score.area_correlation == pytest.approx(1)


def test_ef_is_what_segment_writes(clips: list[Clip], tmp_path: Path) -> None:
    path = save(tmp_path, clips[0], ef=40.0)
    score = score_source(open_source(path), Exact(clips), "one")
    written = segment(open_source(path), Exact(clips)).result.to_json()
    assert score.has_ef
    assert not score.has_masks
    assert score.ef_found == written["ef"]
    assert score.ef_true == 40.0
    assert score.warnings == tuple(written["warnings"])


def test_a_folder_needs_clips(tmp_path: Path) -> None:
    with pytest.raises(EchoError, match="no such folder"):
        find_clips(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(EchoError, match=r"no \.npz file in this folder"):
        find_clips(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"mask": np.zeros((3, 8, 8), bool)}, "holds no `video` array, only: mask"),
        ({"video": np.zeros((3, 8, 8), np.uint8)}, "neither `mask` nor `ef`"),
        ({"video": np.zeros((3, 8, 8), np.uint8), "ef": np.nan}, "neither `mask` nor `ef`"),
        ({"video": np.zeros((3, 8, 8), np.uint8), "mask": np.zeros((3, 8, 7), bool)}, r"shape \(3, 8, 8\)"),
        ({"video": np.zeros((3, 8, 8), np.uint8), "ef": 101.0}, "percentage of 0 to 100, got 101"),
        ({"video": np.zeros((3, 8, 8), np.uint8), "ef": -3.0}, "percentage of 0 to 100, got -3"),
    ],
)
def test_files_that_cannot_be_judged(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(EchoError, match=message) as caught:
        find_clips(tmp_path)
    assert "bad.npz" in str(caught.value)
