from pathlib import Path

import caption_stills
import pytest
import score_stills

from echodfkd.files import read_json
from echodfkd.synth.diffecho.captions import CaptionSet, open_stills
from echodfkd.synth.diffecho.source import sim_stills
from echodfkd.synth.write import write_clip_set


def test_both_tasks_are_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clip_set(sim_stills("sim", 32), tmp_path / "set", clips=4, lossless=True)
    line = [f"ours={tmp_path / 'set'}", "--output", str(tmp_path / "out"), "--size", "32", "--device", "cpu"]
    assert score_stills.main([*line, "--judged", "4", "--learning", "2", "--quiet"]) == 0
    rows = read_json(tmp_path / "out" / "figures.json")
    assert {*rows} == {"ours", "sim"}
    assert {"views", "phases", "dice_endo"} <= {*rows["ours"][0]}
    assert "| phases right |" in capsys.readouterr().out
    assert score_stills.main([f"sim={tmp_path / 'set'}", "--output", str(tmp_path / "no")]) == 2


def test_captions_of_a_set(tmp_path: Path) -> None:
    write_clip_set(sim_stills("sim", 32), tmp_path / "set", clips=2, lossless=True)
    assert caption_stills.main([str(tmp_path / "set"), str(tmp_path / "out")]) == 0
    stills = open_stills(tmp_path / "out")
    assert isinstance(stills, CaptionSet)
    assert [row.text for row in stills.captions.values()] == [
        f"An ultrasound image shows the heart in a two-chamber view during the {phase} phase."
        for phase in ("ed", "es")
    ]
    assert caption_stills.main([str(tmp_path / "none"), str(tmp_path / "more")]) == 2
