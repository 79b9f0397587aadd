"""The whole of `eval` on EchoNet-Dynamic's own layout: no masks, no manifest, two traced frames per clip."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from echonet_layout import write_echonet_layout

from echodfkd.cli import main
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.tracings import read_tracings

FRAMES = 40
SIM = SimGenerator(frames=FRAMES, fps=25.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_echonet_layout(tmp_path_factory.mktemp("echonet") / "EchoNet", SIM, 3, traced=2)
    assert {path.name for path in root.iterdir()} == {"FileList.csv", "VolumeTracings.csv", "Videos"}
    return root


@pytest.fixture(scope="module")
def output(data: Path) -> Path:
    folder = data.parent / "out"
    line = ["eval", "tiny", "tiny", str(data), "--output", str(folder), "--device", "cpu", "--quiet"]
    assert main([*line, "--echonet-systole"]) == 0
    return folder


@pytest.fixture(scope="module")
def result(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "metrics.json").read_text())["results"][0]
    return found


def test_masks_are_judged_at_the_traced_frames(result: dict[str, Any]) -> None:
    figures = result["figures"]
    assert (figures["dice"]["n"], figures["dice_ed"]["n"], figures["dice_es"]["n"]) == (4, 2, 2)
    assert figures["dice"]["value"] > 0.85
    both = (figures["dice_ed"]["value"] + figures["dice_es"]["value"]) / 2
    assert figures["dice"]["value"] == pytest.approx(both, abs=1e-5)
    assert figures["hd95_pixels"]["n"] == 4  # the layout knows no spacing
    assert result["reference"] == "labels"
    assert result["notes"][0] == "Labels of 3 clips are 4 traced frames: masks are judged in these alone."


def test_ef_is_that_of_the_file_list(data: Path, output: Path, result: dict[str, Any]) -> None:
    with (data / "FileList.csv").open(newline="") as stream:
        true = [float(row["EF"]) for row in csv.DictReader(stream)]
    with (output / "per_clip.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))[:3]
    assert [float(row["ef_reference"]) for row in table] == pytest.approx(true, abs=1e-3)
    assert result["figures"]["ef_mae"]["n"] == 3  # the clip without a tracing counts here
    errors = [abs(float(row["ef"]) - float(row["ef_reference"])) for row in table]
    assert result["figures"]["ef_mae"]["value"] == pytest.approx(sum(errors) / 3, abs=2e-3)


def test_one_marked_beat_makes_no_false_ones(result: dict[str, Any]) -> None:
    figures = result["figures"]
    assert figures["es_false"]["value"] == figures["ed_false"]["value"] == 0
    assert figures["afd_es"]["n"] == figures["afd_ed"]["n"] == 2
    assert figures["afd_es"]["value"] <= 4
    assert figures["es_echonet_missed"]["n"] == 2


def test_size_csv_has_echonets_columns_and_marks(data: Path, output: Path) -> None:
    with (output / "size.csv").open(newline="") as stream:
        reader = csv.DictReader(stream)
        table = list(reader)
    columns = ["Filename", "Frame", "Size", "HumanLarge", "HumanSmall", "ComputerSmall"]
    assert reader.fieldnames == columns
    assert len(table) == 3 * FRAMES
    assert [int(row["Frame"]) for row in table[:FRAMES]] == list(range(FRAMES))
    tracings = read_tracings(data / "VolumeTracings.csv")
    for name, (small, large) in tracings.items():
        marks = {
            column: [
                int(row["Frame"]) for row in table if row["Filename"] == f"{name}.avi" and row[column] == "1"
            ]
            for column in ("HumanLarge", "HumanSmall")
        }
        assert marks == {"HumanLarge": [large.frame], "HumanSmall": [small.frame]}
        sizes = {int(row["Frame"]): int(row["Size"]) for row in table if row["Filename"] == f"{name}.avi"}
        assert sizes[large.frame] > sizes[small.frame]
    assert not any(row["HumanLarge"] == "1" for row in table[2 * FRAMES :])
    assert {row["ComputerSmall"] for row in table} == {"0", "1"}
    assert (output / "size-tiny_2_.csv").read_text() == (output / "size.csv").read_text()


def test_one_split_alone(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = [
        "eval",
        "tiny",
        str(data),
        "--output",
        str(tmp_path / "out"),
        "--device",
        "cpu",
        "--split",
        "TEST",
    ]
    assert main(line) == 0
    out = capsys.readouterr().out
    assert "tiny against labels (accuracy), 1 clips" in out
    assert "note: One clip only: no bootstrap interval can be given." in out
    (result,) = json.loads((tmp_path / "out" / "metrics.json").read_text())["results"]
    assert set(result["figures"]) >= {"ef_mae", "ef_bias"}
    assert "dice" not in result["figures"]  # its frames were not traced


def test_an_ef_that_is_no_percentage(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    for name in ("Videos", "VolumeTracings.csv"):
        (bad / name).symlink_to(data / name)
    head, first, *rest = (data / "FileList.csv").read_text().splitlines()
    name, _, others = first.split(",", 2)
    (bad / "FileList.csv").write_text("\n".join([head, f"{name},-3,{others}", *rest]) + "\n")
    assert main(["eval", "tiny", str(bad), "--output", str(tmp_path / "out"), "--device", "cpu"]) == 1
    error = capsys.readouterr().err
    assert "its EF must be a percentage of 0 to 100, got -3" in error
    assert not (tmp_path / "out").exists()
