import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from dark_cavity import DarkCavity
from moving_ellipse import MovingEllipse

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.run import evaluate, parameters, rows
from echodfkd.files import write_npz
from echodfkd.students.runtime import TorchSegmenter
from echodfkd.synth.write import write_clip_set

FRAMES = 8
SHRUNK_EF = 100 * (1 - 0.7**3)  # all diameters of a MovingEllipse shrink to 0.7


@dataclass
class Shifted(DarkCavity):
    """The same segmenter, `pixels` too far to the right."""

    name: str = "shifted"
    size: int = 64
    pixels: int = 4

    def predict(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.roll(super().predict(frames), self.pixels, axis=2)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    root = tmp_path_factory.mktemp("eval") / "clips"
    write_clip_set(MovingEllipse(FRAMES), root, clips=3, lossless=True)
    return ClipSet.open(root)


def test_labels_judge_every_model_on_every_clip(clips: ClipSet) -> None:
    good, bad = evaluate([DarkCavity(size=64), Shifted()], clips)
    assert (good.model.name, bad.model.name) == ("dark-cavity", "shifted")
    assert good.reference == bad.reference == "labels"
    assert good.events_from == "marked ED and ES frames"
    assert [score.clip for score in good.scores] == [
        "ellipse-0-000000",
        "ellipse-0-000001",
        "ellipse-0-000002",
    ]
    assert good.value("dice") > 0.97
    assert bad.value("dice") < good.value("dice") - 0.1
    assert good.value("ed_error_frames") == good.value("es_error_frames") == 0.0  # ED first, ES last frame
    assert good.value("ef_bias") == pytest.approx(SHRUNK_EF - 51, abs=2.0)  # labelled as 51%
    assert good.frames_per_second > 0
    assert np.isnan(good.value("nonsense"))


def test_intervals_need_more_than_one_clip(clips: ClipSet) -> None:
    (three,) = evaluate([DarkCavity(size=64)], clips)
    low, high = next(figure.interval for figure in three.figures if figure.name == "dice") or (0, 0)
    assert 0.9 < low <= three.value("dice") <= high <= 1
    (one,) = evaluate([DarkCavity(size=64)], ClipSet(clips.root, clips.records[:1]))
    assert all(figure.interval is None for figure in one.figures)


def test_a_teacher_judges_without_labels(clips: ClipSet) -> None:
    """A model that draws what the teacher draws agrees with it wholly, right or wrong."""
    results = evaluate([Shifted()], clips, teacher=Shifted(name="guide"), references=["labels", "teacher"])
    assert [result.reference for result in results] == ["labels", "teacher guide"]
    assert results[0].value("dice") < 0.9
    assert results[1].value("dice") == 1.0
    assert results[1].value("ef_mae") == 0.0
    assert results[1].events_from == "ED and ES read off the teacher's area curve"


def test_a_model_of_another_size_is_judged_at_the_resolution_of_the_clip(clips: ClipSet) -> None:
    (small,) = evaluate([DarkCavity(size=32)], clips)
    assert {score.counts.shape for score in small.scores} == {(FRAMES, 2)}
    assert small.value("dice") > 0.9
    truth = clips.load(0).lv
    assert truth is not None
    assert (small.scores[0].counts[:, 1] > truth.sum((1, 2))).all()  # sizes in the clip's own pixels


def test_clips_without_labels_are_said(clips: ClipSet, tmp_path: Path) -> None:
    shutil.copytree(clips.root, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "Masks")
    bare = ClipSet.open(tmp_path / "bare")
    with pytest.raises(EchoError, match=r"'ellipse-0-000000' has no exact masks; compare with a teacher"):
        evaluate([DarkCavity(size=64)], bare)
    (result,) = evaluate([DarkCavity(size=64)], bare, teacher=DarkCavity(size=64), references=["teacher"])
    assert result.value("dice") == 1.0


def test_an_unreadable_clip_is_skipped_and_told(clips: ClipSet, tmp_path: Path) -> None:
    shutil.copytree(clips.root, tmp_path / "set")
    damaged = ClipSet.open(tmp_path / "set")
    damaged.records[1].path.write_bytes(b"no video")
    (result,) = evaluate([DarkCavity(size=64)], damaged)
    assert [score.clip for score in result.scores] == ["ellipse-0-000000", "ellipse-0-000002"]
    assert list(result.corrupt) == ["ellipse-0-000001"]
    assert "ellipse-0-000001.avi" in result.corrupt["ellipse-0-000001"]
    assert str(tmp_path) not in result.corrupt["ellipse-0-000001"]
    (damaged.root / "Masks" / "ellipse-0-000002.npz").write_bytes(b"no masks")
    with pytest.raises(EchoError, match=r"over 1% of the 3 clips of .* the first: ellipse-0-000001\.avi"):
        evaluate([DarkCavity(size=64)], damaged)
    with pytest.raises(EchoError, match="none of the 1 clips of .* could be read"):
        evaluate([DarkCavity(size=64)], ClipSet(damaged.root, damaged.records[1:2]))


def test_masks_of_another_length_are_told(clips: ClipSet, tmp_path: Path) -> None:
    shutil.copytree(clips.root, tmp_path / "set")
    path = tmp_path / "set" / "Masks" / "ellipse-0-000000.npz"
    write_npz(path, mask=np.zeros((FRAMES - 1, 64, 64), np.uint8))
    (result,) = evaluate([DarkCavity(size=64)], ClipSet.open(tmp_path / "set"))
    assert len(result.scores) == 2
    assert result.corrupt == {
        "ellipse-0-000000": "clip 'ellipse-0-000000': mask must be uint8 (8, 64, 64) as its frames, "
        "got uint8 (7, 64, 64)"
    }


def test_references_that_are_not_there(clips: ClipSet) -> None:
    with pytest.raises(UsageError, match="unknown reference 'people'; choose from: labels, teacher"):
        evaluate([DarkCavity()], clips, references=["people"])
    with pytest.raises(UsageError, match="the reference 'teacher' needs --teacher NAME"):
        evaluate([DarkCavity()], clips, references=["teacher"])
    with pytest.raises(EchoError, match="holds no clips to evaluate on"):
        evaluate([DarkCavity()], ClipSet(clips.root, []))


def test_parameters_are_counted_where_there_is_a_network() -> None:
    network = torch.nn.Conv2d(1, 2, 3)  # 2 kernels of 9 weights and a bias each
    assert parameters(TorchSegmenter(network, {}, "x", "ab" * 32, "cpu")) == 20
    assert parameters(DarkCavity()) is None
    bare = TorchSegmenter(torch.nn.ReLU(), {}, "x", "ab" * 32, "cpu")  # as exported files look
    assert parameters(bare) is None


def test_a_row_for_each_model_and_clip(clips: ClipSet) -> None:
    results = evaluate([DarkCavity(size=64), Shifted()], clips)
    table = list(rows(results))
    assert [row["model"] for row in table] == ["dark-cavity"] * 3 + ["shifted"] * 3
    first = table[0]
    assert (first["clip"], first["frames"], first["reference"]) == ("ellipse-0-000000", 8, "labels")
    assert first["dice"] == round(float(results[0].scores[0].dice.mean()), 5)
    assert (first["ed_errors"], first["ed_missed"], first["ed_false"]) == ("0", 0, 0)
    assert first["ef_reference"] == 51.0
    assert first["warnings"] == "No complete beat: EF is that of half a beat."


def test_what_is_unknown_stays_blank(clips: ClipSet) -> None:
    """A model that finds nothing has no EF, no events and no traceback."""
    (result,) = evaluate([Nothing(size=64)], ClipSet(clips.root, clips.records[:2]))
    row = next(rows([result]))
    assert (row["dice"], row["ef"], row["ed_errors"], row["ed_missed"]) == (0.0, "", "", 1)
    assert str(row["warnings"]).startswith("No LV found")
    assert result.value("area_error") == 100.0


@dataclass
class Nothing(DarkCavity):
    """Never sees a heart."""

    def predict(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.zeros_like(frames)
