"""The students' table: a run with a tiny budget, a training that was cut, and figures worked out by hand."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import table_work
import torch
from sim_clips import save_folder
from students_table import main
from table_clips import WINDOW, Budget
from table_learners import RECIPES, asked
from table_scores import added, difference, over_clips, value
from table_speed import size, speeds
from table_text import BEGIN, END, HEADING, put_table
from table_work import schedule, trained
from torch import nn

from echodfkd.distill.data import Example, Masks
from echodfkd.distill.kept import KeptClips
from echodfkd.errors import EchoError
from echodfkd.files import read_json, write_json
from echodfkd.progress import silent
from echodfkd.students.compact import macs_per_frame
from echodfkd.students.networks import build_network
from echodfkd.synth.sim.held_out import HELD_OUT

SIDE, CLIPS = 32, 4
BUDGET = ["--clips", "2", "--judges", "1", "--frames", "8", "--teacher", "tiny", "--quiet"]


class Noise(torch.utils.data.Dataset):
    """Clips of noise."""

    def __len__(self) -> int:
        return CLIPS

    def __getitem__(self, index: int) -> Example[Any]:
        return Example(np.random.default_rng(index).integers(0, 256, (WINDOW, SIDE, SIDE), np.uint8), Masks())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptClips:
    request = {"clips": CLIPS, "frames": WINDOW, "size": SIDE, "exact": False}
    made = KeptClips(tmp_path_factory.mktemp("table") / "clips", request)
    made.fill(Noise(), lambda frames: Masks(frames // 2), 0)
    return made


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_frame_is_seen_once(recipe: str) -> None:
    steps = schedule(7, RECIPES[recipe], 3)
    seen = [(clip, frame) for clips, part in steps for clip in clips for frame in range(WINDOW)[part]]
    assert sorted(seen) == [(clip, frame) for clip in range(7) for frame in range(WINDOW)]
    assert all(len(range(WINDOW)[part]) == RECIPES[recipe].window for _, part in steps)
    assert steps == schedule(7, RECIPES[recipe], 3) != schedule(7, RECIPES[recipe], 4)


def cut(after: int) -> Any:
    """A progress that is interrupted after so many steps."""

    def track(items: Iterable[Any], description: str, total: int | None = None) -> Iterator[Any]:
        for index, item in enumerate(items):
            if index == after:
                raise KeyboardInterrupt
            yield item

    return track


def learned(name: str, kept: KeptClips, place: Path, track: Any = silent) -> nn.Module:
    torch.manual_seed(5)
    return trained(build_network(name), kept, RECIPES[asked(name)[1]], 5, place, track)


@pytest.mark.parametrize(("name", "steps"), [("micro", 10), ("convlstm-11", 2)])
def test_a_cut_training_ends_as_an_undisturbed_one(
    name: str, steps: int, kept: KeptClips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_work, "SAVE_EVERY", 1)
    whole = learned(name, kept, tmp_path / "whole.pt")
    with pytest.raises(KeyboardInterrupt):
        learned(name, kept, tmp_path / "cut.pt", cut(steps - 1))
    with pytest.raises(KeyboardInterrupt):  # one step is left, where a training from the start has more
        learned(name, kept, tmp_path / "cut.pt", cut(0))
    rest = learned(name, kept, tmp_path / "cut.pt")
    untrained = learned(name, kept, tmp_path / "new.pt", lambda items, *_: iter(()))
    for key, weights in whole.state_dict().items():
        assert torch.equal(weights, rest.state_dict()[key]), key
    head = next(key for key in whole.state_dict() if "weight" in key)
    assert not torch.equal(whole.state_dict()[head], untrained.state_dict()[head])


def test_students_learn_are_judged_and_timed_and_stay_done(tmp_path: Path) -> None:
    folder, page, real = tmp_path / "results", tmp_path / "page.md", save_folder(tmp_path / "real")
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    asked_for = [str(folder), "--students", "micro", "convlstm-11", *BUDGET]
    assert main(asked_for) == 0
    scores = sorted((folder / "scores").glob("*.json"))
    assert [path.stem for path in scores] == ["convlstm-11-1", "micro-1"]
    worlds = read_json(scores[1])["worlds"]
    assert {name: len(rows) for name, rows in worlds.items()} == {"mixture": 4} | dict.fromkeys(HELD_OUT, 1)
    assert all(0 <= row["agreement"] <= row["frames"] == 8 for row in worlds["harmonic"])

    written = [path.stat().st_mtime_ns for path in sorted(folder.rglob("*.[jns][spa]*"))]
    assert main(asked_for) == 0
    left = [path for path in sorted(folder.rglob("*.[jns][spa]*")) if path.name != "budget.json"]
    assert {path.stat().st_mtime_ns for path in left} <= set(written)

    more = [str(folder), *BUDGET, "--real", str(real), "--speed", "--timed", "micro", "--rounds", "1"]
    assert main([*more, "--table", str(page)]) == 0
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| {HEADING[0]} | ")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    micro = next(line for line in text.splitlines() if line.startswith("| `micro` |")).split(" | ")
    assert micro[1:3] == ["21,191", "6"]
    assert micro[5] == "1.0 [1.0, 1.0]"  # as fast as itself
    assert "-" not in micro[6:11]


def test_another_budget_does_not_mix_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Budget.claim(tmp_path, Budget(clips=3))
    assert main([str(tmp_path), "--students", "micro", *BUDGET]) == 2
    assert "results of another budget" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--students", "nobody"])
    assert "unknown student 'nobody'; choose from: convlstm-11, " in capsys.readouterr().err


def row(agreement: float, error: float = 0, pairs: int = 0, odd: int = 0) -> dict[str, float]:
    events = {f"{kind}_{name}": x for kind in ("ed", "es") for name, x in
              (("error", error), ("pairs", pairs), ("odd", odd))}  # fmt: skip
    return {"frames": 10, "agreement": agreement, "accuracy": agreement} | events


def test_figures_by_hand() -> None:
    rows = [row(9, 3, 2, 1), row(5, 1, 2, 0)]
    assert value(rows, "agreement") == pytest.approx(0.7)
    assert value(rows, "ed_error") == 1.0
    assert value(rows, "es_f1") == pytest.approx(8 / 9)
    assert np.isnan(value([row(9)], "ed_error"))
    assert over_clips(rows, "agreement") == pytest.approx((0.5, 0.9))
    assert value(added([rows, [row(10), row(10)]]), "agreement") == pytest.approx(0.85)
    middle, bounds = difference(rows, [row(8), row(4)], "agreement")
    assert middle == pytest.approx(0.1)
    assert bounds == pytest.approx(
        (0.1, 0.1)
    )  # the same on both clips: paired, nothing is left of the spread


def test_sizes_are_the_published_ones() -> None:
    parameters, macs = size("convlstm-21")
    assert parameters == 39_577
    assert macs == pytest.approx(0.201e9, rel=3e-3)
    assert size("micro")[1] == macs_per_frame(build_network("micro"))


def test_ratios_are_to_the_baseline_of_the_same_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [{(n, w): s for n, s in (("a", a), ("b", b)) for w in ("torch", "onnx")} for a, b in
            ((4.0, 1.0), (12.0, 2.0), (20.0, 4.0))]  # fmt: skip
    monkeypatch.setattr("table_speed.runs", lambda *_: {})
    monkeypatch.setattr("table_speed.rounds", lambda *_: iter(made))
    found = speeds(["a", "b"], "a", tmp_path, 2, 32, 3, silent)["students"]["b"]
    rates = {"frames_per_second": 16.0, "ratio": 5.0, "ratio_range": [4.0, 6.0]}
    assert found == {"torch": rates, "onnx": rates}


def test_a_page_without_its_place_or_a_folder_without_speeds_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks")
    with pytest.raises(EchoError, match="has no lines"):
        put_table(tmp_path, page)
    page.write_text(f"{BEGIN}{END}")
    with pytest.raises(EchoError, match="run with --speed first"):
        put_table(tmp_path, page)


def test_the_table_of_made_up_results(tmp_path: Path) -> None:
    timed = {"frames_per_second": 90.4, "ratio": 12.34, "ratio_range": [12, 13]}
    facts = {"rounds": 5, "load": 0.5, "cores": 2}
    write_json(tmp_path / "speed.json", facts | {"students": {"tiny": {"torch": timed, "onnx": timed}}})
    for name, seed, dice in (("tiny", 1, 9.0), ("tiny", 2, 8.0), ("convlstm-11", 1, 7.0)):
        some = [row(dice, 3, 2, 0), row(dice, 1, 2, 1)]
        facts = {"student": name, "seed": seed, "worlds": dict.fromkeys(("mixture", *HELD_OUT), some)}
        write_json(tmp_path / "scores" / f"{name}-{seed}.json", json.loads(json.dumps(facts)))
        write_json(tmp_path / "real" / f"{name}-{seed}.json", {"rows": [row(dice)]})
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}{END}")
    put_table(tmp_path, page)
    lines = [line[2:-2].split(" | ") for line in page.read_text().splitlines() if line.startswith("| `")]
    _, tiny, untrained, small, *_ = lines
    assert len(lines) == 19 + 1  # all students, and one published one that was trained
    assert tiny[:6] == ["`tiny`", "98,135", "15", "90", "90", "12.3 [12.0, 13.0]"]
    assert tiny[6:8] == [".850 [.850, .850]"] * 2
    assert tiny[8].startswith("1.0 [")
    assert tiny[8].endswith("]; .889")
    assert "in 5 rounds at a load average of 0.5 on a machine of 2 cores" in page.read_text()
    assert tiny[10:] == [".850", "2"]
    assert untrained == ["`default`", "411,847", "64", *["-"] * 9]
    assert small[:6] == ["`convlstm-11`", "5,701", "71", "-", "-", "-"]
    gaps = lines[-1]
    assert gaps[0] == "`convlstm-11`"
    assert gaps[2] == "+.150 [+.150, +.150]"  # tiny on fresh clips
    assert gaps[1] == "-"  # micro was not trained
