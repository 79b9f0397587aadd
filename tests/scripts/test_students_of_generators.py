"""What students learn from sets of clips."""

import json
from pathlib import Path

import numpy as np
import pytest
import students_of_generators as script

from echodfkd.clipset import ClipSet
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.write import write_clip_set


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("sets")
    for number, name in enumerate(("sim", "other")):
        write_clip_set(SimGenerator(frames=12, fps=32.0), home / name, clips=3, seed=number)
    return {name: home / name for name in ("sim", "other")}


def test_every_set_is_learned_alone_and_beside_the_first(sets: dict[str, Path]) -> None:
    one = ClipSet.open(sets["sim"])
    two = ClipSet.open(sets["other"])
    found = {name: [clips.root.name for clips in used] for name, used in script.lessons({"a": one, "b": two})}
    assert found == {"a": ["sim"], "b": ["other"], "a + b": ["sim", "other"]}


def test_a_stored_window_depends_on_its_seed_and_index_and_brings_no_labels(sets: dict[str, Path]) -> None:
    stored = script.Stored(ClipSet.open(sets["sim"]), 8)
    clips = [stored.clip(1, index) for index in (0, 0, 1)]
    assert clips[0].frames.shape == (8, 112, 112)
    assert clips[0].mask is None
    np.testing.assert_array_equal(clips[0].frames, clips[1].frames)
    assert not np.array_equal(clips[0].frames, clips[2].frames)


def test_students_are_distilled_and_judged(
    sets: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--steps", "1", "--clips", "4", "--judged", "1", "--student", "micro", "--device", "cpu"]
    assert script.main([f"other={sets['other']}", *few, "--json", str(tmp_path / "found.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| other"]
    students = json.loads((tmp_path / "found.json").read_text())["students"]
    assert 0 <= students["other"]["worlds"]["dice"]["value"] <= 1


def test_a_set_without_a_folder_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["sim"]) == 2
    assert "'sim' should be NAME=FOLDER" in capsys.readouterr().err
