"""The held-out worlds as a script: every world judged, the figures written."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from echodfkd.clip import Frames
from echodfkd.files import read_json
from echodfkd.segmenter import Prob
from echodfkd.synth.sim.held_out import HELD_OUT, held_out_generators

FRAMES = 6


class Exact:
    """Knows the true mask of every clip that the script draws."""

    name, digest, claim, convention, size = "exact", "0" * 64, "real-free", "echonet", 112

    def __init__(self, seed: int) -> None:
        makers = held_out_generators(FRAMES).values()
        clips = [maker.clip(seed, index) for maker in makers for index in range(2)]
        self.known = {clip.frames.tobytes(): clip.lv for clip in clips}

    def predict(self, frames: Frames) -> Prob:
        """The exact mask; nothing at all for clips of the training style."""
        lv = self.known.get(frames.tobytes())
        return (frames * 0) if lv is None else lv.astype("u1") * 255


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "score_held_out.py"
    spec = importlib.util.spec_from_file_location("score_held_out", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "score_held_out", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "load_teacher", lambda name, device, kind: Exact(5))
    return module


def test_every_world_is_judged_by_its_exact_labels(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.json"
    asked = ["--model", "exact", "--clips", "2", "--frames", str(FRAMES), "--seed", "5", "--json", str(out)]
    assert script.main([*asked, "--quiet"]) == 0
    worlds = read_json(out)["models"]["exact"]["worlds"]
    assert set(worlds) == {"trained", *HELD_OUT, "held out, all"}
    # a pixel beside the LV that cleaning drops may cost a thousandth
    assert all(worlds[name]["dice"]["value"] > 0.998 for name in (*HELD_OUT, "held out, all"))
    assert worlds["trained"]["dice"]["value"] == 0
    assert "apical-akinesia: dice " in capsys.readouterr().out


def test_an_unknown_model_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(__file__).parents[2] / "scripts" / "score_held_out.py"
    spec = importlib.util.spec_from_file_location("score_held_out_plain", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.main(["--model", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err
