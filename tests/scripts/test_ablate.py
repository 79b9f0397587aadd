import json
import runpy
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from ablation_table import table
from ablations import ABLATIONS
from sim_clips import save_folder
from torch import nn

from echodfkd.distill import objective
from echodfkd.distill.augment import ClipAugment
from echodfkd.distill.data import GeneratorExamples, loader
from echodfkd.distill.losses import mask_loss
from echodfkd.distill.recipe import Recipe
from echodfkd.errors import EchoError
from echodfkd.students import context
from echodfkd.students.networks import build_network
from echodfkd.students.shift import WholeClip
from echodfkd.synth import mixture
from echodfkd.synth.sim import anatomy, display, scanner, scene
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.held_out import HELD_OUT

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "ablate.py"))
TOUCHED = (objective, ClipAugment, context, WholeClip, mixture, anatomy, display, scanner, scene)
SIM = SimGenerator(frames=2, size=48, fps=8.0)
OF_THE_PICTURE = ["literature", "no-haze", "no-layer", "one-rhythm"]


def attributes() -> dict[tuple[str, str], object]:
    """Everything that the modules and classes which can be changed hold."""
    return {(owner.__name__, name): value for owner in TOUCHED for name, value in vars(owner).items()}


def same(a: dict[tuple[str, str], object], b: dict[tuple[str, str], object]) -> bool:
    return a.keys() == b.keys() and all(a[key] is b[key] for key in a)


@pytest.mark.parametrize("name", ABLATIONS)
def test_what_is_taken_away_comes_back(name: str) -> None:
    before = attributes()
    with ABLATIONS[name]():
        assert same(before, attributes()) == (name == "nothing")
    assert same(before, attributes())
    with pytest.raises(KeyError), ABLATIONS[name]():
        raise KeyError
    assert same(before, attributes())


@pytest.mark.parametrize("name", OF_THE_PICTURE)
def test_pictures_differ_until_it_comes_back(name: str) -> None:
    frames = SIM.clip(3, 0).frames
    with ABLATIONS[name]():
        assert not np.array_equal(SIM.clip(3, 0).frames, frames)
    assert np.array_equal(SIM.clip(3, 0).frames, frames)


def scenes(name: str, count: int = 12) -> list[scene.Scene]:
    with ABLATIONS[name]():
        return [SIM.scene(3, index)[0] for index in range(count)]


def test_literature() -> None:
    drawn = scenes("literature")
    layers = [np.mean(one.heart.trabeculae) for one in drawn]
    assert min(layers) >= 1
    assert max(layers) <= 3
    assert np.ptp(layers) > 0.5
    assert all(-29 <= one.style.gain <= -13 for one in drawn)
    assert {(one.style.clutter, one.style.decorations) for one in drawn} == {(-34.0, False)}
    with ABLATIONS["literature"]():
        echoes = [scene.sample_echo(np.random.default_rng(seed)) for seed in range(20)]
    assert all(-60 <= echo.blood <= -40 for echo in echoes)
    fixed = (
        "trabeculae",
        "fade",
        "atria",
        "right_heart",
        "lateral",
        "lung",
        "border",
        "annulus",
        "pericardium",
    )
    assert {tuple(getattr(echo, key) for key in fixed) for echo in echoes} == {(-3, 0, 0, 0, 0, -30, 3, 6, 8)}


def test_no_haze() -> None:
    one = scenes("no-haze", 1)[0]
    assert one.style.clutter == -60
    rng = np.random.default_rng(0)
    assert np.ptp(display.gain_map(one.style, one.geometry, rng)) > 0
    with ABLATIONS["no-haze"]():
        gain = display.gain_map(one.style, one.geometry, rng)
    assert gain == pytest.approx(one.style.gain)


def test_no_layer_and_nothing_else() -> None:
    for full, thin in zip(scenes("nothing", 4), scenes("no-layer", 4), strict=True):
        assert thin.heart.trabeculae == (0.1, 0.1, 0.1)
        assert thin.heart.wall == full.heart.wall
        assert thin.style == full.style
        assert thin.pose.tilt == full.pose.tilt
        assert thin.leaflet == full.leaflet
        assert np.array_equal(thin.cycle.starts, full.cycle.starts)
        layer = [(one.reference.labels == anatomy.TRABECULAE).sum() for one in (thin, full)]
        assert layer[0] < 0.5 * layer[1]


def test_one_rhythm() -> None:
    for full, steady in zip(scenes("nothing"), scenes("one-rhythm"), strict=True):
        assert steady.cycle.rhythm == "sinus"
        assert np.diff(steady.cycle.starts) == pytest.approx(60 / 70, rel=0.11)
        assert steady.pose.rocking is not None
        assert steady.pose.rocking.angle == 0
        assert steady.leaflet == full.leaflet  # drawn later than the rhythm
    drawn = [scene.sample_motion(np.random.default_rng(seed), 30.0).segments for seed in range(20)]
    assert any(drawn)
    with ABLATIONS["one-rhythm"]():
        drawn = [scene.sample_motion(np.random.default_rng(seed), 30.0).segments for seed in range(20)]
    assert not any(drawn)


def test_four_chamber_only() -> None:
    assert {maker.view for maker in mixture.training_mixture(2)} > {"a4c", "a2c"}
    with ABLATIONS["four-chamber-only"]():
        assert {maker.view for maker in mixture.training_mixture(2)} == {"a4c"}


def test_the_worker_draws_without_it_too() -> None:
    cv2.setNumThreads(1)  # as the script does: OpenCV's threads do not survive a fork
    examples = GeneratorExamples([SIM], 3, 1, 48, exact=True)
    full, _ = examples[0]
    with ABLATIONS["no-layer"]():
        thin, _ = examples[0]
        ((drawn, _),) = loader(examples, range(1), 1, SCRIPT["WORKERS"])
    assert np.array_equal(drawn[0].numpy(), thin)
    assert not np.array_equal(thin, full)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return build_network("default").eval()


def test_no_tissues(network: nn.Module) -> None:
    learns = objective.Objective(network, Recipe().losses)
    x, y = 255 * torch.rand(1, 2, 1, 32, 32), torch.ones(1, 2, 1, 32, 32)
    goal = objective.Goal(y, objective.one_hot(torch.zeros(1, 2, 32, 32, dtype=torch.uint8)))
    with torch.inference_mode():
        masks = float(mask_loss(network(x), y))
        assert float(learns(x, goal)) > masks + 0.1
        with ABLATIONS["no-tissues"]():
            assert float(learns(x, goal)) == pytest.approx(masks)


@pytest.mark.parametrize("name", ["no-shift", "no-context"])
def test_what_the_network_sees(name: str, network: nn.Module) -> None:
    x = 255 * torch.rand(1, 3, 1, 32, 32)
    with torch.inference_mode():
        whole = network(x)
        with ABLATIONS[name]():
            assert not torch.allclose(network(x), whole)
        assert torch.equal(network(x), whole)


def test_no_shift_mixes_no_frames() -> None:
    x = torch.rand(3, 16, 4, 4)
    with ABLATIONS["no-shift"]():
        assert torch.equal(WholeClip(1, 3).shift(x), x)


def test_no_context_shows_the_frame_alone(network: nn.Module) -> None:
    assert isinstance(network, context.ClipContext)
    x = 255 * torch.rand(1, 3, 1, 32, 32)
    with ABLATIONS["no-context"]():
        frame, mean, spread = network.look(x).unbind(1)
    assert torch.equal(mean, frame)
    assert float(spread.max() - spread.min()) == 0


def test_no_augment() -> None:
    frames, target = torch.rand(1, 2, 16, 16), torch.rand(1, 2, 16, 16)
    with ABLATIONS["no-augment"]():
        seen = ClipAugment()(frames, target)
    assert torch.equal(seen[0], frames)
    assert torch.equal(seen[1], target)
    assert not torch.equal(ClipAugment()(frames, target)[0], frames)


def test_a_run_and_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real, target = save_folder(tmp_path / "real"), tmp_path / "row.json"
    arguments = ["no-layer", "--steps", "2", "--seed", "7", "--clips", "1", "--frames", "12"]
    assert SCRIPT["main"]([*arguments, "--output", str(target), "--real", str(real)]) == 0
    row = json.loads(target.read_text(encoding="utf-8"))
    assert (row["ablation"], row["seed"], row["budget"]["steps"]) == ("no-layer", 7, 2)
    held_out = row["held_out"]
    assert list(held_out) == [*HELD_OUT, "all"]
    mean = np.mean([held_out[world]["dice_clip"] for world in HELD_OUT])
    assert held_out["all"]["dice_clip"] == pytest.approx(mean, abs=1e-5)
    assert 0 <= held_out["all"]["dice_clip"] < 0.6  # two steps teach nothing
    assert {"area_correlation", "ef_mae", "ef_bias", "ef_slope"} < held_out["harmonic"].keys()
    assert {"dice_clip", "ef_mae"} < row["real"].keys()
    assert SCRIPT["main"](["--table", str(target)]) == 0
    assert "| no-layer | 7 | ." in capsys.readouterr().out


def made_up(name: str, seed: int, dice: float, ef: float | None, steps: int = 800) -> dict[str, Any]:
    figures = {"dice_clip": dice, "ef_mae": ef}
    worlds = dict.fromkeys((*HELD_OUT, "all"), figures)
    return {"ablation": name, "seed": seed, "budget": {"steps": steps}, "held_out": worlds, "real": None}


def test_table_of_means() -> None:
    rows = [made_up("no-haze", 1, 0.7, None), made_up("nothing", 2, 0.82, 0.5), made_up("nothing", 1, 0.9, 4)]
    heading, _, full, hazeless = (line.split(" | ") for line in table(rows).splitlines())
    assert heading[:4] == ["| taken away", "seeds", "Dice", "harmonic"]
    assert "real Dice" not in heading
    assert full[:4] == ["| nothing", "1, 2", ".860 [.820, .900]", ".860 [.820, .900]"]
    assert full[heading.index("EF error")] == "2.2 [0.5, 4.0]"
    assert hazeless[:3] == ["| no-haze", "1", ".700"]
    assert hazeless[heading.index("EF error")] == "-"


def test_table_with_real_clips() -> None:
    rows = [made_up("nothing", 1, 0.9, 4) | {"real": {"dice_clip": 0.8}}, made_up("nothing", 2, 0.9, 4)]
    heading, _, full = (line.split(" | ") for line in table(rows).splitlines())
    assert full[heading.index("real Dice")] == ".800"


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (made_up("no-haze", 1, 0.9, 4, steps=400), "different budgets"),
        (made_up("nothing", 1, 0.9, 4), "run twice: nothing with seed 1"),
    ],
)
def test_rows_that_do_not_compare(second: dict[str, Any], message: str) -> None:
    with pytest.raises(EchoError, match=message):
        table([made_up("nothing", 1, 0.9, 4), second])


def test_errors_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert SCRIPT["main"](["--table", str(other)]) == 1
    missing = str(tmp_path / "missing")
    assert SCRIPT["main"](["nothing", "--output", str(other), "--real", missing]) == 1
    with pytest.raises(SystemExit, match="2"):
        SCRIPT["main"](["nothing"])
    not_ours, no_folder, *usage = capsys.readouterr().err.splitlines()
    assert "was not written by a run" in not_ours
    assert "no such folder" in no_folder
    assert "--output FILE" in usage[-1]
