import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from dark_cavity import DarkCavity
from moving_ellipse import MovingEllipse
from numpy.typing import NDArray

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.files import TEMPORARY, read_json
from echodfkd.ranks import Ranks
from echodfkd.readers import read_clip
from echodfkd.readers.example import example_path
from echodfkd.segmenter import Segmenter
from echodfkd.synth.write import write_clip_set
from echodfkd.teachers.label import label_clip_set, soft_label

SLOWLY = """
import sys, time
from dark_cavity import DarkCavity
from echodfkd.clipset import ClipSet
from echodfkd.teachers.label import label_clip_set

class Slow(DarkCavity):
    def predict(self, frames):
        time.sleep(0.2)
        return super().predict(frames)

label_clip_set(ClipSet.open(sys.argv[1]), Slow(size=64))
"""


@dataclass
class DarkIsCavity:
    """A real, if simple, segmenter: the darker a pixel, the surer it is cavity."""

    name: str = "dark"
    digest: str = "ab" * 32
    claim: str = "real-free"
    convention: str = "unknown"
    size: int = 64
    seen: list[int] = field(default_factory=list)

    def predict(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        assert frames.shape[1:] == (self.size, self.size)
        self.seen.append(len(frames))
        return 255 - frames


@dataclass
class TwoThresholds(DarkIsCavity):
    """Two segmenters in one: where the other, which wants half the grey, disagrees, the spread is wide."""

    def predict_with_disagreement(
        self, frames: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return self.predict(frames), frames // 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "set"
    write_clip_set(MovingEllipse(), root, clips=3, lossless=True)
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "set"))


def test_every_clip_is_labelled_once(root: Path) -> None:
    data, teacher = ClipSet.open(root), DarkIsCavity()
    assert isinstance(teacher, Segmenter)
    done = label_clip_set(data, teacher)
    assert done.folder == root / "Labels" / "dark-abababab"
    assert (done.made, done.skipped, done.corrupt) == (3, 0, ())
    for index, record in enumerate(data.records):
        np.testing.assert_array_equal(
            data.load_labels(record, done.folder), 255 - MovingEllipse().clip(0, index).frames
        )
    again = label_clip_set(data, teacher)
    assert (again.made, again.skipped) == (0, 3)
    assert teacher.seen == [8, 8, 8]


def test_manifest_lies_beside_the_labels(root: Path) -> None:
    done = label_clip_set(ClipSet.open(root), DarkIsCavity())
    manifest = read_json(done.folder / "manifest.json")
    assert manifest["teacher"] == "dark"
    assert manifest["teacher_sha256"] == "ab" * 32
    assert manifest["claim"] == "real-free"
    assert (manifest["clips"], manifest["labelled"], manifest["corrupt"]) == (3, 3, {})
    assert manifest["complete"] is True
    assert manifest["wall_time_s"] > 0


def test_interrupted_run_is_completed(root: Path) -> None:
    data = ClipSet.open(root)
    folder = label_clip_set(data, DarkIsCavity()).folder
    (folder / f"{data.records[1].name}.npz").unlink()
    (folder / f"{TEMPORARY}1-00.npz").write_bytes(b"half")
    done = label_clip_set(data, DarkIsCavity())
    assert (done.made, done.skipped) == (1, 2)
    assert list(folder.glob(f"{TEMPORARY}*")) == []


def test_other_weights_with_the_same_eight_digits_are_refused(root: Path) -> None:
    data = ClipSet.open(root)
    label_clip_set(data, DarkIsCavity())
    with pytest.raises(EchoError, match="holds labels of other weights"):
        label_clip_set(data, DarkIsCavity(digest="ab" * 16 + "cd" * 16))


def test_one_corrupt_clip_is_skipped_and_listed(root: Path) -> None:
    data = ClipSet.open(root)
    data.records[1].path.write_bytes(b"no video")
    done = label_clip_set(data, DarkIsCavity())
    assert (done.made, done.corrupt) == (2, (data.records[1].name,))
    listed = read_json(done.folder / "manifest.json")["corrupt"]
    assert list(listed) == [data.records[1].name]
    assert not (done.folder / f"{data.records[1].name}.npz").exists()


def test_more_corrupt_clips_stop_the_run(root: Path) -> None:
    data = ClipSet.open(root)
    for record in data.records[:2]:
        record.path.write_bytes(b"no video")
    with pytest.raises(EchoError, match=r"over 1% of the 3 clips of .* are unreadable, the first: "):
        label_clip_set(data, DarkIsCavity())


class FirstOfTwo(Ranks):
    """The first of two ranks, which hears that the other found `elsewhere` clips unreadable."""

    def __init__(self, elsewhere: int) -> None:
        super().__init__(0, 2)
        self.elsewhere = elsewhere

    def total(self, name: str, mine: int) -> int:
        return mine + self.elsewhere


def test_unreadable_clips_of_all_ranks_count_against_the_whole_set(root: Path) -> None:
    data = ClipSet.open(root)
    data.records[0].path.write_bytes(b"no video")
    with pytest.raises(EchoError, match=r"over 1% of the 3 clips of .* are unreadable, the first: "):
        label_clip_set(data, DarkIsCavity(), ranks=FirstOfTwo(elsewhere=1))
    done = label_clip_set(data, DarkIsCavity(), ranks=FirstOfTwo(elsewhere=0))
    assert done.corrupt == (data.records[0].name,), "one is forgiven, however small the rank's share"


def test_set_of_one_corrupt_clip_is_an_error(tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(), tmp_path, clips=1)
    data = ClipSet.open(tmp_path)
    data.records[0].path.write_bytes(b"no video")
    with pytest.raises(EchoError, match="none of the 1 clips"):
        label_clip_set(data, DarkIsCavity())


def test_label_has_the_clips_own_resolution() -> None:
    frames = np.zeros((2, 128, 128), np.uint8)
    frames[:, :64] = 200
    prob = soft_label(frames, DarkIsCavity())
    assert prob.shape == (2, 128, 128)
    assert prob[0, 5, 5] == 55
    assert prob[0, -5, -5] == 255
    assert 55 < prob[0, 63, 64] < 255, "resized back bilinearly"


def test_what_is_not_square_is_cut_to_its_sector_first() -> None:
    clip = read_clip(example_path())
    prob = soft_label(clip.frames, DarkIsCavity())
    assert prob.shape == clip.frames.shape == (30, 240, 320)
    assert not prob[:, :, :30].any()  # the menu on the left lies outside the fan
    assert prob[:, 60:180, 130:200].any()


def test_label_that_does_not_fit_its_clip_is_made_anew(root: Path) -> None:
    data = ClipSet.open(root)
    folder = label_clip_set(data, DarkIsCavity()).folder
    cut, torn, empty = (folder / f"{record.name}.npz" for record in data.records)
    whole = cut.read_bytes()
    np.savez_compressed(cut, prob=np.zeros((7, 64, 64), np.uint8))  # its clip has 8 frames
    torn.write_bytes(torn.read_bytes()[:-30])
    np.savez_compressed(empty, spread=np.zeros((8, 64, 64), np.uint8))
    assert label_clip_set(data, DarkIsCavity()).made == 3
    assert cut.read_bytes() == whole


def test_clip_of_another_length_than_listed_counts_as_unreadable(root: Path) -> None:
    listing = root / "FileList.csv"
    data = ClipSet.open(root)
    short = data.records[2].name
    lines = [
        line.replace(",8,", ",9,") if short in line else line for line in listing.read_text().split("\n")
    ]
    listing.write_text("\n".join(lines))
    done = label_clip_set(ClipSet.open(root), DarkIsCavity())
    assert (done.made, done.corrupt) == (2, (short,))
    assert "holds 8 frames, FileList.csv says 9" in read_json(done.folder / "manifest.json")["corrupt"][short]


def test_teacher_whose_masks_do_not_fit_is_refused(root: Path) -> None:
    @dataclass
    class LosesOne(DarkIsCavity):
        def predict(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return super().predict(frames)[1:]

    with pytest.raises(
        EchoError, match=r"dark gave `prob` of uint8 \(7, 64, 64\) for .*, which needs .*\(8,"
    ):
        label_clip_set(ClipSet.open(root), LosesOne())


def test_disagreement_is_kept_beside_the_mask(root: Path) -> None:
    data, teacher = ClipSet.open(root), TwoThresholds()
    folder = label_clip_set(data, teacher).folder
    frames = data.load(0).frames
    with np.load(folder / f"{data.records[0].name}.npz") as stored:
        assert set(stored.files) == {"prob", "spread"}
        np.testing.assert_array_equal(stored["prob"], 255 - frames)
        np.testing.assert_array_equal(stored["spread"], frames // 2)
    assert read_json(folder / "manifest.json")["spread"] is True
    assert teacher.seen == [8, 8, 8], "each clip is looked at once"


def test_disk_error_of_the_writing_thread_stops_the_run(root: Path) -> None:
    data = ClipSet.open(root)
    folder = data.labels_folder("dark", "ab" * 32)
    (folder / f"{data.records[0].name}.npz").mkdir(parents=True)  # no file can be renamed to it
    with pytest.raises(OSError):
        label_clip_set(data, DarkIsCavity())
    assert read_json(folder / "manifest.json")["complete"] is False


def test_killed_run_labels_only_what_is_missing(tmp_path: Path) -> None:
    root = tmp_path / "set"
    write_clip_set(MovingEllipse(), root, clips=8)
    data = ClipSet.open(root)
    folder = data.labels_folder("dark-cavity", "ab" * 32)
    kill_after_two_labels(root, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("[!.]*.npz")}
    assert 2 <= len(before) < 8
    teacher = DarkCavity(size=64)
    done = label_clip_set(data, teacher)
    assert (done.made, done.skipped, len(teacher.calls)) == (8 - len(before), len(before), 8 - len(before))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    for record in data.records:
        expected = DarkCavity(size=64).predict(data.load(record).frames)
        np.testing.assert_array_equal(data.load_labels(record, folder), expected)
    assert list(folder.glob(f"{TEMPORARY}*")) == []


def kill_after_two_labels(root: Path, folder: Path) -> None:
    paths = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    run = subprocess.Popen([sys.executable, "-c", SLOWLY, str(root)], env=os.environ | {"PYTHONPATH": paths})
    deadline = time.monotonic() + 240  # for the busiest machine
    while len(list(folder.glob("[!.]*.npz"))) < 2:
        assert run.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "no clip was labelled"
        time.sleep(0.01)
    run.kill()
    run.wait()
