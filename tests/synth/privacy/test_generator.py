from pathlib import Path

import numpy as np
import pytest
from hidden_copies import Repeating, training_set

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_json
from echodfkd.synth.privacy.filter import PrivacyFilter, fit_filter
from echodfkd.synth.privacy.generator import AGAIN, FilteredGenerator, filtered
from echodfkd.synth.privacy.report import conclude, report_on_set
from echodfkd.synth.write import write_clip_set

REPEATS = (1, 3, 3 + AGAIN)


def content(root: Path) -> dict[str, bytes]:
    """Every file but the manifest, whose times differ."""
    paths = (path for path in root.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def test_copies_are_drawn_again_and_all_other_clips_stay(privacy: PrivacyFilter) -> None:
    source = Repeating(REPEATS)
    made = FilteredGenerator(source, privacy)
    expected = {0: 0, 1: 1 + AGAIN, 2: 2, 3: 3 + 2 * AGAIN}
    for index, candidate in expected.items():
        np.testing.assert_array_equal(made.clip(7, index).frames, source.clip(7, candidate).frames)


def test_any_workers_and_any_interruption_give_the_same_bytes(
    tmp_path: Path, training: ClipSet, privacy: PrivacyFilter
) -> None:
    source = Repeating(REPEATS)
    roots = [tmp_path / name for name in ("whole", "pieces")]
    whole, pieces = (FilteredGenerator(source, privacy, root / "Rejected") for root in roots)
    write_clip_set(whole, roots[0], clips=5, seed=7)
    write_clip_set(pieces, roots[1], clips=2, seed=7)
    conclude(roots[1], privacy)
    (roots[1] / "Rejected" / ".tmp-1-00.json").write_text("half")  # whatever a kill leaves
    write_clip_set(pieces, roots[1], clips=5, seed=7, workers=2)
    said = [conclude(root, privacy) for root in roots]
    assert said[0] == said[1]
    assert content(roots[0]) == content(roots[1])
    report = read_json(roots[0] / "privacy.json")
    assert {name: [row["candidate"] for row in rows] for name, rows in report["redrawn"].items()} == {
        "repeating-7-000001": [1],
        "repeating-7-000003": [3, 3 + AGAIN],
    }
    nearest = [row["nearest"] for row in report["redrawn"]["repeating-7-000003"]]
    assert nearest[0] == training.records[3].name
    assert report["rejected"] == 0
    assert said[0][0].startswith("privacy: 3 candidates rejected and drawn again; 0 of 5 clips are 0.")


def test_another_training_set_is_another_request(tmp_path: Path, privacy: PrivacyFilter) -> None:
    write_clip_set(FilteredGenerator(Repeating(), privacy), tmp_path / "set", clips=1)
    other = fit_filter(training_set(tmp_path / "other", clips=3))
    with pytest.raises(UsageError, match="holds a set of another parameters"):
        write_clip_set(FilteredGenerator(Repeating(), other), tmp_path / "set", clips=1)


def test_a_generator_that_only_repeats_is_told_off(privacy: PrivacyFilter) -> None:
    with pytest.raises(EchoError, match="20 candidates in a row are too much like training clips, the last"):
        FilteredGenerator(Repeating(always=True), privacy).clip(0, 0)


def test_the_set_itself_cannot_be_the_training_set(training: ClipSet) -> None:
    with pytest.raises(UsageError, match="is OUTPUT itself"):
        filtered(Repeating(), training.root, training.root)


def test_report_on_an_existing_set(tmp_path: Path, training: ClipSet, privacy: PrivacyFilter) -> None:
    root = write_clip_set(Repeating((1, 2)), tmp_path / "set", clips=4, seed=7).root
    report = report_on_set(ClipSet.open(root), privacy)
    assert [row["rejected"] for row in report["clips"]] == [False, True, True, False]
    assert [row["nearest"] for row in report["clips"][1:3]] == [training.records[i].name for i in (1, 2)]
    assert (report["rejected"], report["similarity"]["n"]) == (2, 4)
    assert report["training"]["clips"] == 24
    assert report["training"]["every_nth_frame"] == 1
    assert "24 training clips are few" in report["remarks"][0]


def test_coverage_of_the_training_set_by_itself_is_whole(training: ClipSet, privacy: PrivacyFilter) -> None:
    coverage = report_on_set(training, privacy)["coverage"]
    assert coverage == {"nearest": 1.0, "naeem": 1.0, "k": 5, "of": 24}


def test_coverage_of_one_clip_repeated_is_small(
    tmp_path: Path, training: ClipSet, privacy: PrivacyFilter
) -> None:
    """All clips are copies of clip 1: they are nearest to it alone."""
    root = write_clip_set(Repeating((1,)), tmp_path / "set", clips=2, seed=7).root
    (root / "Videos" / "repeating-7-000000.avi").write_bytes(
        (root / "Videos" / "repeating-7-000001.avi").read_bytes()
    )
    lines = (root / "FileList.csv").read_text().splitlines()
    (root / "FileList.csv").write_text("\n".join([lines[0], lines[2]]) + "\n")
    coverage = report_on_set(ClipSet.open(root), privacy)["coverage"]
    assert coverage["nearest"] == pytest.approx(1 / 24)
    assert coverage["naeem"] < 0.6
