import json
from pathlib import Path

import pytest
import torch
from dark_is_lv import agreement, easy_teacher, student

from echodfkd.distill.datafree.duel import Duel
from echodfkd.distill.datafree.plan import Plan
from echodfkd.distill.datafree.run import distil_alone
from echodfkd.errors import UsageError
from echodfkd.students.checkpoint import sha256
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import TorchSegmenter

PLAN = Plan(
    steps=6, batch=2, frames=2, turns=2, ahead=2, room=4, warmup=2, average=0.5, save_every=2, eval_every=3
)


def test_a_student_learns_from_the_teachers_weights_alone(tmp_path: Path) -> None:
    """It agrees with the teacher on ellipses, of which it saw none."""
    guide = easy_teacher()
    plan = Plan(steps=120, batch=2, frames=2, ahead=20, room=32, warmup=10, average=0.9, save_every=999)
    list(distil_alone(guide, "tiny", plan, tmp_path / "run"))
    torch.manual_seed(plan.seed)
    untrained = TorchSegmenter(build_network("tiny"), guide.config, "untrained", "0" * 64, "cpu")
    before, after = (agreement(model, guide) for model in (untrained, student(tmp_path / "run")))
    assert after > max(0.7, before + 0.2)


def test_a_run_leaves_what_a_distillation_leaves(tmp_path: Path) -> None:
    rows = list(distil_alone(easy_teacher(), "tiny", PLAN, tmp_path / "run"))
    assert [row["step"] for row in rows] == [3, 6]
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "student.safetensors", "config.json", "manifest.json", "metrics.jsonl", "tensorboard", "checkpoints"
    }  # fmt: skip
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["request"]["generator"] == "adversarial"
    assert (manifest["batch_norms"], manifest["clips_drawn"]) == (1, 6)
    assert manifest["weights_sha256"] == sha256(tmp_path / "run" / "student.safetensors")
    assert (
        json.loads((tmp_path / "run" / "config.json").read_text())["claim"]
        == "data-free: teacher saw ellipses"
    )
    logged = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert logged == rows


@pytest.mark.parametrize("step", [1, 4, 5])
def test_a_killed_run_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Before the first checkpoint, right after one, and between two with a row written already."""
    list(distil_alone(easy_teacher(), "tiny", PLAN, tmp_path / "whole"))
    turn = Duel.turn

    def until(duel: Duel) -> None:
        if duel.step == step:
            raise KeyboardInterrupt
        turn(duel)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Duel, "turn", until)
        list(distil_alone(easy_teacher(), "tiny", PLAN, tmp_path / "cut"))
    torch.rand(5)  # a new process has another random state
    with pytest.raises(UsageError, match="add --resume to go on with it"):
        list(distil_alone(easy_teacher(), "tiny", PLAN, tmp_path / "cut"))
    list(distil_alone(easy_teacher(), "tiny", PLAN, tmp_path / "cut", resume=True))
    for name in ("student.safetensors", "metrics.jsonl"):
        assert sha256(tmp_path / "cut" / name) == sha256(tmp_path / "whole" / name)
