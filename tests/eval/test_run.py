import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from dark_cavity import DarkCavity
from moving_ellipse import MovingEllipse

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.run import evaluate, parameters
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
    shutil.copytree(clips.root / "Videos", tmp_path / "bare")
    bare = ClipSet.open(tmp_path / "bare")
    options = "--teacher sim --reference teacher, or with an auxiliary model: --auxiliary NAME"
    with pytest.raises(EchoError, match=f"'ellipse-0-000000' has no labels .*: {options}"):
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


def test_two_models_of_one_name_stay_apart(clips: ClipSet) -> None:
    results = evaluate([DarkCavity(size=64), Shifted(name="dark-cavity")], clips)
    assert [result.title for result in results] == ["dark-cavity", "dark-cavity (2)"]
    assert results[0].value("dice") > results[1].value("dice")


def test_traced_frames_judge_where_there_are_no_masks(clips: ClipSet, tmp_path: Path) -> None:
    """Without Masks, the set is judged at its tracings: ED on frame 0, ES on the last."""
    shutil.copytree(clips.root, tmp_path / "set", ignore=shutil.ignore_patterns("Masks"))
    whole, traced = (evaluate([DarkCavity(size=64)], s)[0] for s in (clips, ClipSet.open(tmp_path / "set")))
    assert {score.counts.shape for score in traced.scores} == {(2, 2)}
    assert all(score.sparse and score.at_ed == (0,) and score.at_es == (1,) for score in traced.scores)
    for name in ("dice_ed", "dice_es"):
        assert traced.value(name) == pytest.approx(whole.value(name), abs=0.03)
    for name in ("ef_mae", "ed_error_frames", "afd_es"):
        assert traced.value(name) == whole.value(name)


def test_an_ef_alone_judges_too(clips: ClipSet, tmp_path: Path) -> None:
    bare = shutil.ignore_patterns("Masks", "VolumeTracings.csv")
    shutil.copytree(clips.root, tmp_path / "set", ignore=bare)
    (result,) = evaluate([DarkCavity(size=64)], ClipSet.open(tmp_path / "set"))
    assert np.isnan(result.value("dice"))
    assert result.value("ef_bias") == pytest.approx(SHRUNK_EF - 51, abs=2.0)
    assert result.value("ed_error_frames") == 0.0  # marked in the list


def test_an_ef_that_is_no_percentage_stops_before_the_work(clips: ClipSet) -> None:
    records = [*clips.records[:2], replace(clips.records[2], ef=140.0)]
    model = DarkCavity(size=64)
    with pytest.raises(EchoError, match="000002': its EF must be a percentage of 0 to 100, got 140"):
        evaluate([model], ClipSet(clips.root, records))
    assert model.calls == []
    evaluate([model], ClipSet(clips.root, records), teacher=model, references=["teacher"])  # not asked for


def test_echonets_detector_stands_beside_ours_if_asked_for(clips: ClipSet) -> None:
    (plain,) = evaluate([DarkCavity(size=64)], clips)
    (parity,) = evaluate([DarkCavity(size=64)], clips, echonet_systole=True)
    assert np.isnan(plain.value("es_echonet_f1"))
    assert parity.value("es_echonet_f1") == 0.0  # it sees no trough on a clip that ends at ES
    assert parity.value("es_echonet_missed") == 3
    assert parity.value("es_f1") == plain.value("es_f1") == 1.0
