import json
from pathlib import Path

import numpy as np
import pytest
import torch
from dark_cavity import DarkCavity, beating

from echodfkd.clip import Clip
from echodfkd.errors import UsageError
from echodfkd.heads.head import load_head
from echodfkd.heads.run import Material, materials, train_head
from echodfkd.heads.train import HeadRecipe
from echodfkd.students.checkpoint import sha256

RECIPE = HeadRecipe(steps=2, batch=4)


class Ellipses:
    """A generator of beating ellipses; notes which clips it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def parameters(self) -> dict[str, object]:
        return {"shape": "ellipse"}

    def clip(self, seed: int, index: int) -> Clip:
        self.asked.append(index)
        shrink = 0.7 + 0.02 * (index % 10)
        video, mask = beating(24, beat=14, shrink=shrink, seed=seed)
        ef = 100 * (1 - shrink**3)
        labels = mask.astype(np.uint8)
        return Clip(video, 20.0, mask=labels, ed_frames=(0, 14), es_frames=(7, 21), ef=ef, view="a4c")


def train(output: Path, source: Ellipses, resume: bool = False, seed: int = 0) -> dict[str, float]:
    torch.set_num_threads(1)
    pair = Material([source], seed, 6), Material([source], seed + 1, 24)
    return train_head(*pair, DarkCavity(), RECIPE, output, resume=resume)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heads") / "run"
    scores = train(folder, Ellipses())
    assert scores["n"] == 12
    assert scores["ef_mae_masks"] < 5
    return folder


def test_a_run_leaves_a_head_for_this_student(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["weights_sha256"] == sha256(run / "heads.safetensors")
    assert manifest["request"]["student"] == {"name": "dark-cavity", "sha256": "ab" * 32}
    head = load_head(run / "heads.safetensors")
    assert (head.name, head.student_sha256) == ("dark-cavity", "ab" * 32)
    assert json.loads((run / "config.json").read_text())["claim"] == "real-free"
    assert json.loads((run / "metrics.json").read_text())["n"] == 12
    assert len([*(run / "curves").iterdir()]) == 6


def test_resuming_makes_missing_clips_only_and_ends_alike(run: Path) -> None:
    before = sha256(run / "heads.safetensors")
    (run / "curves" / "000003.npz").unlink()
    source = Ellipses()
    train(run, source, resume=True)
    assert source.asked == [3]
    assert sha256(run / "heads.safetensors") == before


def test_another_run_is_not_overwritten(run: Path) -> None:
    with pytest.raises(UsageError, match="add --resume"):
        train(run, Ellipses())
    with pytest.raises(UsageError, match="holds a run with another clips"):
        train(run, Ellipses(), resume=True, seed=5)


def test_clips_to_judge_by_have_a_seed_of_their_own() -> None:
    own, judges = materials([Ellipses()], [Ellipses()], 3, 1000)
    assert (own.seed, own.count, judges.count) == (3, 1000, 200)
    assert judges.seed != own.seed
    assert materials([Ellipses()], [Ellipses()], 3, 10)[1].count == 40
