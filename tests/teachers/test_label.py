import shutil
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from moving_ellipse import MovingEllipse
from numpy.typing import NDArray

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.files import TEMPORARY, read_json
from echodfkd.readers import read_clip
from echodfkd.readers.example import example_path
from echodfkd.segmenter import Segmenter
from echodfkd.synth.write import write_clip_set
from echodfkd.teachers.label import label_clip_set, prefetch, soft_label


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


def test_prefetch_keeps_order_and_stays_near() -> None:
    started: list[int] = []

    def note(item: int) -> int:
        started.append(item)
        return item * 10

    results = []
    pair: tuple[int, Future[int]]
    for pair in prefetch(note, range(20), ahead=2):
        results.append(pair[1].result())
        assert len(started) <= pair[0] + 3
    assert results == [item * 10 for item in range(20)]
