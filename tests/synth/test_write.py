import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from moving_ellipse import MovingEllipse

from echodfkd.clip import Clip
from echodfkd.clipset_writer import split_of, traced_rows
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import TEMPORARY, read_json
from echodfkd.ranks import Ranks
from echodfkd.synth.base import Generator, clip_name
from echodfkd.synth.write import write_clip_set

RUN = """
import sys
from pathlib import Path
from moving_ellipse import MovingEllipse
from echodfkd.synth.write import write_clip_set

if __name__ == "__main__":
    workers, clips, delay = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    write_clip_set(MovingEllipse(delay=delay), Path(sys.argv[1]), clips=clips, seed=5, workers=workers)
"""


def content(root: Path) -> dict[str, bytes]:
    """Every file but the manifest, whose times differ."""
    paths = (path for path in root.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def start(root: Path, workers: int, clips: int, delay: float) -> subprocess.Popen[bytes]:
    script = root.parent / "run.py"
    script.write_text(RUN)
    command = [sys.executable, str(script), str(root), str(workers), str(clips), str(delay)]
    paths = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True)


def wait_for_videos(root: Path, number: int) -> None:
    deadline = time.monotonic() + 60
    while len(list((root / "Videos").glob("*.avi"))) < number:
        assert time.monotonic() < deadline, "no clip was made"
        time.sleep(0.01)


def group_is_gone(leader: int, seconds: float) -> bool:
    """Whether every process of the group that `leader` founded ends within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.killpg(leader, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reference") / "set"
    write_clip_set(MovingEllipse(), root, clips=8, seed=5)
    return root


def test_layout(reference: Path) -> None:
    assert sorted(path.name for path in reference.iterdir()) == [
        "FileList.csv",
        "Masks",
        "Videos",
        "VolumeTracings.csv",
        "manifest.json",
    ]
    names = [f"ellipse-5-{index:06d}" for index in range(8)]
    assert sorted(path.name for path in (reference / "Videos").iterdir()) == [f"{n}.avi" for n in names]
    assert sorted(path.name for path in (reference / "Masks").iterdir()) == [f"{n}.npz" for n in names]


def test_file_list_is_echonets_with_our_columns_behind(reference: Path) -> None:
    lines = (reference / "FileList.csv").read_text().splitlines()
    assert lines[0] == (
        "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split,"
        "View,SpacingRow,SpacingCol,EDFrames,ESFrames,EF3D"
    )
    assert lines[1] == "ellipse-5-000000,51,49,100,64,64,50,8,TRAIN,a4c,0.5,0.25,0,7,"
    assert [line.split(",")[8] for line in lines[1:4]] == ["TRAIN", "VAL", "TEST"]
    assert len(lines) == 9


def test_tracings_put_es_before_ed(reference: Path) -> None:
    with (reference / "VolumeTracings.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["FileName"] == "ellipse-5-000003.avi"]
    assert list(rows[0]) == ["FileName", "X1", "Y1", "X2", "Y2", "Frame"]
    assert [row["Frame"] for row in rows] == ["7"] * 21 + ["0"] * 21


def test_masks_are_exact(reference: Path) -> None:
    with np.load(reference / "Masks" / "ellipse-5-000002.npz") as stored:
        np.testing.assert_array_equal(stored["mask"], MovingEllipse().clip(5, 2).mask)
        assert stored["sector"].dtype == bool
        assert stored["sector"].shape == (64, 64)


def test_manifest_says_where_the_set_is_from(reference: Path) -> None:
    manifest = read_json(reference / "manifest.json")
    assert manifest["generator"] == "ellipse"
    assert manifest["generator_version"] == "1"
    assert manifest["parameters"] == {"frames": 8, "size": 64, "range": [0.5, 1.0]}
    assert (manifest["seed"], manifest["clips"], manifest["complete"]) == (5, 8, True)
    assert manifest["weights_sha256"] is None
    assert manifest["wall_time_s"] > 0
    assert manifest["software"]["numpy"] == np.__version__


def test_two_workers_write_the_same_bytes(reference: Path, tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(), tmp_path / "set", clips=8, seed=5, workers=2)
    assert content(tmp_path / "set") == content(reference)


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_run_is_completed_to_the_same_bytes(reference: Path, tmp_path: Path, workers: int) -> None:
    root = tmp_path / "set"
    process = start(root, workers, clips=8, delay=0.15)
    wait_for_videos(root, 2)
    process.kill()
    process.communicate()
    assert group_is_gone(process.pid, 10), "a worker outlived the killed run"
    assert not (root / "FileList.csv").exists()
    (root / "Videos" / f"{TEMPORARY}1-00.avi").write_bytes(b"half")  # whatever the kill left
    done = write_clip_set(MovingEllipse(), root, clips=8, seed=5)
    assert 0 < done.made < 8
    assert content(root) == content(reference)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_leaves_no_process_and_no_temporary_file(
    reference: Path, tmp_path: Path, workers: int
) -> None:
    root = tmp_path / "set"
    process = start(root, workers, clips=500, delay=0.15)
    wait_for_videos(root, 2)
    os.killpg(process.pid, signal.SIGINT)  # the terminal sends it to the whole group
    errors = process.communicate(timeout=20)[1].decode()
    assert process.returncode in (130, -signal.SIGINT)
    assert errors.count("Traceback") <= 1, "only the script itself may speak"
    assert "SpawnProcess" not in errors
    assert group_is_gone(process.pid, 5)
    assert list(root.rglob(f"{TEMPORARY}*")) == []
    assert not (root / "FileList.csv").exists()


def test_longer_set_keeps_the_clips_of_the_shorter(reference: Path, tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(), tmp_path / "set", clips=3, seed=5)
    done = write_clip_set(MovingEllipse(), tmp_path / "set", clips=8, seed=5)
    assert (done.clips, done.made) == (8, 5)
    assert content(tmp_path / "set") == content(reference)
    assert read_json(tmp_path / "set" / "manifest.json")["clips"] == 8


def test_running_again_changes_nothing(tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(), tmp_path, clips=3)
    manifest = (tmp_path / "manifest.json").read_bytes()
    assert write_clip_set(MovingEllipse(), tmp_path, clips=3).made == 0
    assert (tmp_path / "manifest.json").read_bytes() == manifest


def test_deleted_video_is_made_again(reference: Path, tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(), tmp_path, clips=8, seed=5)
    (tmp_path / "Videos" / "ellipse-5-000004.avi").unlink()
    assert write_clip_set(MovingEllipse(), tmp_path, clips=8, seed=5).made == 1
    assert content(tmp_path) == content(reference)


def test_other_request_is_refused(tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(), tmp_path, clips=2, seed=1)
    before = content(tmp_path)
    for generator, seed, lossless, changed in [
        (MovingEllipse(), 2, False, "seed"),
        (MovingEllipse(frames=9), 1, False, "parameters"),
        (MovingEllipse(version="2"), 1, False, "generator_version"),
        (MovingEllipse(version="2"), 1, True, "generator_version, lossless"),
    ]:
        with pytest.raises(UsageError, match=rf"holds a set of another {changed}; choose another OUTPUT$"):
            write_clip_set(generator, tmp_path, clips=2, seed=seed, lossless=lossless)
    with pytest.raises(UsageError, match=r"holds 2 such clips, more than 1; choose another OUTPUT$"):
        write_clip_set(MovingEllipse(), tmp_path, clips=1, seed=1)
    assert content(tmp_path) == before


def test_foreign_folder_or_file_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="is not empty and holds no clip set"):
        write_clip_set(MovingEllipse(), tmp_path, clips=1)
    with pytest.raises(UsageError, match="is a file"):
        write_clip_set(MovingEllipse(), tmp_path / "thesis.tex", clips=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_bad_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--clips must be at least 1, got 0"):
        write_clip_set(MovingEllipse(), tmp_path, clips=0)
    with pytest.raises(UsageError, match="--workers must be at least 1, got 0"):
        write_clip_set(MovingEllipse(), tmp_path, clips=1, workers=0)


class OutOfMemory(MovingEllipse):
    def clip(self, seed: int, index: int) -> Clip:
        raise EchoError(f"clip {index} does not fit the memory")


def test_error_of_the_generator_comes_through(tmp_path: Path) -> None:
    with pytest.raises(EchoError, match="clip 0 does not fit the memory"):
        write_clip_set(OutOfMemory(), tmp_path, clips=2)


@dataclass(frozen=True)
class SeveralAtOnce(MovingEllipse):
    """Notes down which clips it was asked for together."""

    batch: int = 3
    device: str = "cpu"
    asked: list[list[int]] = field(default_factory=list)

    def clips(self, seed: int, indices: Sequence[int]) -> list[Clip]:
        self.asked.append(list(indices))
        return [self.clip(seed, index) for index in indices]


def test_missing_clips_are_asked_for_in_groups(reference: Path, tmp_path: Path) -> None:
    generator = SeveralAtOnce()
    seen: list[int] = []

    def track(items: Iterable[Any], description: str, total: int | None = None) -> Iterator[Any]:
        for item in items:
            seen.append(item)
            yield item
        assert total == len(seen)

    write_clip_set(generator, tmp_path / "set", clips=8, seed=5, workers=None, track=track)
    assert generator.asked == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert seen == [*range(8)], "progress counts clips, not groups"
    assert content(tmp_path / "set") == content(reference)
    for index in (1, 4, 5, 6):
        (tmp_path / "set" / "Videos" / f"ellipse-5-{index:06d}.avi").unlink()
    assert write_clip_set(generator, tmp_path / "set", clips=8, seed=5).made == 4
    assert generator.asked[3:] == [[1, 4, 5], [6]]
    assert content(tmp_path / "set") == content(reference)


def test_ranks_share_clips_before_they_are_grouped(tmp_path: Path) -> None:
    class Second(Ranks):
        """The second of two, and the first one's word for which clips are missing, but not its lists."""

        called = 0

        def on_main(self, function: Callable[[], Any]) -> Any:
            self.called += 1
            return function() if self.called == 1 else None

    generator = SeveralAtOnce()
    write_clip_set(generator, tmp_path / "set", clips=8, seed=5, ranks=Second(1, 2))
    assert generator.asked == [[1, 3, 5], [7]]


def test_facts_of_a_generator_go_into_the_manifest(tmp_path: Path) -> None:
    class Asked(MovingEllipse):
        facts: ClassVar[dict[str, str]] = {"ef_source": "requested"}

    write_clip_set(Asked(), tmp_path, clips=1)
    assert read_json(tmp_path / "manifest.json")["ef_source"] == "requested"
    with pytest.raises(UsageError, match="a set of another ef_source"):
        write_clip_set(type("Other", (Asked,), {"facts": {"ef_source": "measured"}})(), tmp_path, clips=1)


def test_single_frame_clips_are_clips(tmp_path: Path) -> None:
    write_clip_set(MovingEllipse(frames=1), tmp_path, clips=1)
    row = (tmp_path / "FileList.csv").read_text().splitlines()[1].split(",")
    assert (row[7], row[12], row[13]) == ("1", "0", "0")
    assert len((tmp_path / "VolumeTracings.csv").read_text().splitlines()) == 1 + 21


def test_first_beat_is_traced_es_before_ed() -> None:
    clip = MovingEllipse().clip(0, 0).with_(ed_frames=(2, 6), es_frames=(1, 4, 7))
    assert [row[5] for row in traced_rows(clip)] == ["4"] * 21 + ["2"] * 21


def test_nothing_to_trace() -> None:
    clip = MovingEllipse().clip(0, 0)
    assert clip.mask is not None
    assert traced_rows(clip.with_(mask=None)) == []
    assert traced_rows(clip.with_(es_frames=())) == []
    gone = clip.mask.copy()
    gone[0] = 0
    gone[0, 30, 30] = 1  # a single pixel has no long axis
    assert [row[5] for row in traced_rows(clip.with_(mask=gone))] == ["7"] * 21


def test_split_shares_and_names() -> None:
    splits = [split_of(index) for index in range(800)]
    assert [splits.count(name) for name in ("TRAIN", "VAL", "TEST")] == [600, 100, 100]
    assert clip_name("free-echo:static", 0, 12) == "free-echo-static-0-000012"
    assert isinstance(MovingEllipse(), Generator)
