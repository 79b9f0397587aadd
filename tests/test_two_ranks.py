"""Two real processes make and label a set; one of them is killed on the way."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import pytest
from launch import HERE, finished, printed, torchrun
from moving_ellipse import MovingEllipse
from rank_jobs import CLIPS, SEED, SIM

from echodfkd.cli import main
from echodfkd.clipset import ClipSet
from echodfkd.files import TEMPORARY, read_json
from echodfkd.synth.write import write_clip_set

pytestmark = pytest.mark.timeout(900)  # four processes load their libraries on whatever cores are free
SYNTH = [
    "--clips",
    str(CLIPS),
    "--seed",
    str(SEED),
    *(f"--{key}={value}" for key, value in SIM.items()),
    "-q",
]


class Story(NamedTuple):
    """What two ranks left: their set, what each said, clips after the kill; and a set of one process."""

    root: Path
    said: list[dict[str, Any]]
    survived: int
    damaged: Path
    alone: Path


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("ranks")
    root, damaged, alone = folder / "set", folder / "damaged", folder / "alone"
    survived = kill_one_of_two(root, folder / "log-of-killed")
    write_clip_set(MovingEllipse(), damaged, clips=5)
    (damaged / "Videos" / "ellipse-0-000003.avi").write_bytes(b"no video")
    job = [str(HERE / "rank_jobs.py"), "synth_and_label", str(root), str(damaged)]
    code, errors = finished(torchrun(2, job, folder / "log"))
    assert code == 0, errors + printed(folder / "log", 1, "stderr")
    said = [json.loads(printed(folder / "log", rank)) for rank in (0, 1)]
    assert main(["synth", str(alone), *SYNTH]) == 0
    assert main(["label", str(alone), "--teacher", "sim", "--device", "cpu", "-q"]) == 0
    return Story(root, said, survived, damaged, alone)


def kill_one_of_two(root: Path, log: Path) -> int:
    """`echodfkd synth` on two ranks, of which one gets SIGKILL half-way; how many clips there are."""
    run = torchrun(2, ["-m", "echodfkd", "synth", str(root), *SYNTH], log)
    deadline = time.monotonic() + 240
    while len(list((root / "Videos").glob("[!.]*.avi"))) < 3:
        assert run.poll() is None, finished(run)[1]
        assert time.monotonic() < deadline, "no clip was made"
        time.sleep(0.01)
    ranks = {child.environ().get("RANK"): child.pid for child in psutil.Process(run.pid).children()}
    os.kill(ranks["1"], signal.SIGKILL)
    assert finished(run)[0] != 0
    assert not (root / "FileList.csv").exists()
    return len(list((root / ".records").glob("[!.]*.json")))


def content(root: Path) -> dict[str, bytes]:
    """Every file of the set itself but the manifest, whose times differ."""
    paths = (path for path in root.rglob("*") if path.is_file() and path.name != "manifest.json")
    files = {str(path.relative_to(root)): path.read_bytes() for path in paths}
    return {name: data for name, data in files.items() if not name.startswith("Labels")}


def test_each_rank_saw_both_and_did_its_share(story: Story) -> None:
    assert [(one["rank"], one["world"]) for one in story.said] == [(0, 2), (1, 2)]
    missing = CLIPS - story.survived
    for rank, one in enumerate(story.said):
        clips, labels, damaged = one["shares"]
        assert clips == [f"clips of rank {rank} of 2", (missing + 1 - rank) // 2]
        assert labels == [f"labels of rank {rank} of 2", CLIPS // 2]
        assert damaged == [f"labels of rank {rank} of 2", 3 - rank]
        assert (one["made"], one["labelled"]) == (missing, CLIPS)


def test_set_is_that_of_one_process_byte_for_byte(story: Story) -> None:
    assert 0 < story.survived < CLIPS, "the kill came half-way"
    ours, theirs = content(story.root), content(story.alone)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert list(story.root.rglob(f"{TEMPORARY}*")) == []
    assert read_json(story.root / "manifest.json")["complete"] is True


def test_labels_are_those_of_one_process_within_a_grey_level(story: Story) -> None:
    ours, theirs = ClipSet.open(story.root), ClipSet.open(story.alone)
    (folder,), (other,) = (list((root / "Labels").iterdir()) for root in (story.root, story.alone))
    assert folder.name == other.name
    for record, same in zip(ours.records, theirs.records, strict=True):
        prob, expected = ours.load_labels(record, folder), theirs.load_labels(same, other)
        assert np.abs(prob.astype(int) - expected).max() <= 1
    manifests = [read_json(path / "manifest.json") | {"wall_time_s": 0} for path in (folder, other)]
    assert manifests[0] == manifests[1]


def test_unreadable_clip_of_one_rank_is_known_to_both(story: Story) -> None:
    for one in story.said:
        assert (one["damaged"], one["corrupt"]) == (4, ["ellipse-0-000003"])
    manifest = read_json(story.damaged / "Labels" / "dark-cavity-abababab" / "manifest.json")
    assert (manifest["labelled"], list(manifest["corrupt"])) == (4, ["ellipse-0-000003"])
    assert manifest["complete"] is True


def test_longer_set_of_one_process_goes_on_from_two(story: Story, tmp_path: Path) -> None:
    root = Path(shutil.copytree(story.root, tmp_path / "set"))
    longer = ["--clips", str(CLIPS + 2), *SYNTH[2:]]
    assert main(["synth", str(root), *longer]) == 0
    before, after = content(story.root), content(root)
    for name in ("FileList.csv", "VolumeTracings.csv"):
        assert after[name].startswith(before[name])
    assert len(ClipSet.open(root)) == CLIPS + 2
