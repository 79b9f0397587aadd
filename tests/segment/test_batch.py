from pathlib import Path

import pytest
from dark_cavity import FPS, DarkCavity, beating, save_clip

from echodfkd.errors import EchoError, UsageError
from echodfkd.segment.batch import Options, plan, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "sub/a"):
        save_clip(tmp_path / "clips" / f"{name}.npz", beating(8)[0], fps=FPS)
    return tmp_path / "clips"


def test_a_folder_is_walked_and_stems_stay_apart(folder: Path, tmp_path: Path) -> None:
    assert sorted(job.name for job in plan([folder], tmp_path / "out")) == ["a", "b", "sub-a"]


def test_results_of_an_earlier_run_are_no_inputs(folder: Path) -> None:
    save_clip(folder / "out" / "a.npz", beating(2)[0])
    assert len(plan([folder], folder / "out")) == 3
    assert len(plan([folder, folder / "out" / "a.npz"], folder / "elsewhere")) == 4


def test_results_do_not_go_among_the_inputs(folder: Path) -> None:
    with pytest.raises(UsageError, match="name another folder with --output"):
        plan([folder], folder)
    with pytest.raises(UsageError, match="would overwrite its input"):
        plan([folder / "a.npz"], folder)


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(EchoError, match="nowhere"):
        plan([tmp_path / "nowhere.avi"], tmp_path / "out")


def test_a_bad_file_does_not_stop_the_others(folder: Path, tmp_path: Path) -> None:
    (folder / "aa.npz").write_bytes(b"PK\x03\x04 this is no archive")
    jobs = plan([folder / name for name in ("a.npz", "aa.npz", "b.npz")], tmp_path / "out")
    outcomes = list(run(jobs, DarkCavity(), tmp_path / "out", Options()))
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert outcomes[1].to_row() == {"name": "aa", "status": "failed"}
    assert sorted(path.stem for path in (tmp_path / "out").glob("*.png")) == ["a", "b"]
    assert not list((tmp_path / "out").glob("*aa*"))


def test_what_the_user_says_wins(folder: Path, tmp_path: Path) -> None:
    (job,) = plan([folder / "b.npz"], tmp_path / "out")
    options = Options(fps=10.0, spacing_mm=(0.5, 0.7), flip=True)
    (outcome,) = run([job], DarkCavity(), tmp_path / "out", options)
    assert outcome.result is not None
    assert outcome.result.fps == 10.0
    assert outcome.result.spacing_mm == (0.5, 0.7)
    assert outcome.result.orientation == "flipped"


def test_an_output_that_is_a_file_is_refused_before_anything_is_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file; --output names a folder"):
        plan([folder], tmp_path / "file")
