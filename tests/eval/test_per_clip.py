from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from dark_cavity import DarkCavity
from moving_ellipse import MovingEllipse

from echodfkd.beats import Events, echonet_systoles
from echodfkd.clipset import ClipSet
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.events import Matches
from echodfkd.eval.per_clip import SIZE_COLUMNS, rows, size_rows
from echodfkd.eval.run import ModelScores, evaluate
from echodfkd.synth.write import write_clip_set


@dataclass
class Nothing(DarkCavity):
    """Never sees a heart."""

    def predict(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.zeros_like(frames)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    root = tmp_path_factory.mktemp("rows") / "clips"
    write_clip_set(MovingEllipse(8), root, clips=2, lossless=True)
    return ClipSet.open(root)


def test_a_row_for_each_model_and_clip(clips: ClipSet) -> None:
    results = evaluate([DarkCavity(size=64), DarkCavity("other", size=64)], clips)
    table = list(rows(results))
    assert [row["model"] for row in table] == ["dark-cavity"] * 2 + ["other"] * 2
    first, score = table[0], results[0].scores[0]
    assert (first["clip"], first["frames"], first["reference"]) == ("ellipse-0-000000", 8, "labels")
    assert first["dice"] == round(float(score.dice.mean()), 5)
    assert (first["dice_ed"], first["dice_es"]) == (round(score.dice[0], 5), round(score.dice[-1], 5))
    assert (first["hd95"], first["distance_unit"]) == (round(float(score.distances[:, 0].mean()), 3), "mm")
    assert (first["ed_errors"], first["ed_missed"], first["ed_false"], first["ed_afd"]) == ("0", 0, 0, 0.0)
    assert first["ef_reference"] == 51.0
    assert first["warnings"] == "No complete beat: EF is that of half a beat."


def test_what_is_unknown_stays_blank(clips: ClipSet) -> None:
    """A model that finds nothing has no EF, no events and no traceback."""
    (result,) = evaluate([Nothing(size=64)], clips)
    row = next(rows([result]))
    assert (row["dice"], row["ef"], row["ed_errors"], row["ed_missed"]) == (0.0, "", "", 1)
    assert (row["hd95"], row["assd"], row["es_afd"]) == ("", "", "")
    assert str(row["warnings"]).startswith("No LV found")
    assert result.value("area_error") == 100.0
    assert result.value("one_empty") == 16  # 2 clips of 8


def test_sizes_as_echonet_dynamic_writes_them() -> None:
    size = np.round(1000 + 300 * np.cos(2 * np.pi * np.arange(90) / 40)).astype(np.int64)
    systoles = echonet_systoles(size)
    assert systoles == (20, 60)
    nothing = Matches((), (), ())
    score = ClipScore(
        "0XAB", 50.0, np.zeros(2), np.zeros((2, 2), np.int64), np.zeros(0), nothing, nothing, 1.0, 1.0, (),
        size=size, events=Events((40,), (61,)), sparse=True,
    )  # fmt: skip
    result = ModelScores(DarkCavity(), "labels", "", (score,), (), 1.0)
    assert SIZE_COLUMNS == ("Filename", "Frame", "Size", "HumanLarge", "HumanSmall", "ComputerSmall")
    table = list(size_rows(result))
    assert len(table) == 90
    assert table[20] == ("0XAB.avi", 20, 700, 0, 0, 1)
    assert table[40] == ("0XAB.avi", 40, 1300, 1, 0, 0)
    assert table[61] == ("0XAB.avi", 61, int(size[61]), 0, 1, 0)
    assert [row[1] for row in table if row[5]] == [20, 60]
