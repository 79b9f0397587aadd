import json
from pathlib import Path

import numpy as np
import pytest
import torch
from moving_ellipse import MovingEllipse

from echodfkd.distill.data import HELD_OUT, GeneratorExamples, Masks
from echodfkd.distill.distill import with_start
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.run import Job, train
from echodfkd.distill.trainer import Trainer
from echodfkd.errors import EchoError, UsageError
from echodfkd.students.checkpoint import load_network
from echodfkd.students.load import load_student
from echodfkd.students.networks import build_network

CONFIG = {"architecture": "default", "claim": "real-free", "convention": "echonet", "size": 64}


def recipe(steps: int = 6) -> Recipe:
    return Recipe(steps, batch=2, warmup=2, average=0.5, save_every=2, eval_every=3, workers=0)


def job(count: int) -> Job:
    generators = [MovingEllipse(frames=3)]
    train_on = GeneratorExamples(generators, 0, count, 64, exact=True)
    held_out = GeneratorExamples(generators, HELD_OUT, 2, 64, exact=True)
    return Job(CONFIG, {"task": "test"}, train_on, held_out, None)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_network(run / "student.safetensors")[0].state_dict()


def test_a_run_leaves_what_it_should_and_its_student_runs(tmp_path: Path) -> None:
    rows = list(train(job(12), recipe(), tmp_path / "run"))
    assert [row["step"] for row in rows] == [3, 6]
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "student.safetensors", "config.json", "manifest.json", "metrics.jsonl", "tensorboard", "checkpoints"
    }  # fmt: skip
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["parameters"] > 100_000
    logged = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert logged == rows
    student = load_student(str(tmp_path / "run"), "cpu")
    assert student.digest == manifest["weights_sha256"]
    assert student.predict(np.zeros((2, 64, 64), np.uint8)).shape == (2, 64, 64)


def test_a_cut_run_ends_with_the_weights_of_an_undisturbed_one(tmp_path: Path) -> None:
    list(train(job(12), recipe(), tmp_path / "whole"))
    rows = train(job(12), recipe(), tmp_path / "cut")
    next(rows)  # cut after step 3: the last checkpoint is of step 2
    rows.close()
    list(train(job(12), recipe(), tmp_path / "cut", resume=True))
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(whole[key], cut[key]) for key in whole)
    logs = [
        [json.loads(x) for x in (tmp_path / n / "metrics.jsonl").read_text().splitlines()]
        for n in ("whole", "cut")
    ]
    assert (
        [(r["step"], r["loss"]) for r in logs[0]][-1][0]
        == [(r["step"], r["loss"]) for r in logs[1]][-1][0]
        == 6
    )
    assert logs[0][-1]["dice"] == logs[1][-1]["dice"]


def test_learning_lowers_the_loss(tmp_path: Path) -> None:
    rows = list(train(job(120), Recipe(60, 2, 3e-3, average=0.8, eval_every=20, workers=0), tmp_path / "run"))
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    assert rows[-1]["dice"] > 0.5


def test_an_output_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        list(train(job(12), recipe(), tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_run_is_gone_on_with_only_when_asked_and_only_the_same(tmp_path: Path) -> None:
    next(train(job(12), recipe(), tmp_path / "run"))
    with pytest.raises(UsageError, match="--resume"):
        list(train(job(12), recipe(), tmp_path / "run"))
    with pytest.raises(UsageError, match="another recipe"):
        list(train(job(16), recipe(8), tmp_path / "run", resume=True))


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    next(train(job(12), recipe(), tmp_path / "run"))
    (tmp_path / "run" / "checkpoints" / "last.pt").write_bytes(b"broken")
    with pytest.raises(EchoError, match="cannot resume from"):
        list(train(job(12), recipe(), tmp_path / "run", resume=True))


def test_exact_masks_take_their_share_of_the_target() -> None:
    """The teacher says 0 everywhere, the exact mask 200: a share of .25 makes it 50."""
    frames = torch.zeros(1, 2, 8, 8, dtype=torch.uint8)
    exact = Masks(exact=torch.full_like(frames, 200))
    says_nothing = torch.zeros_like(frames)

    def trainer(share: float) -> Trainer:
        recipe = Recipe(exact=share)
        return Trainer(build_network("default"), recipe, torch.device("cpu"), lambda _: Masks(says_nothing))

    assert trainer(0.25).targets(frames, exact).unique().tolist() == [50]
    assert trainer(0.25).targets(frames, Masks()).unique().tolist() == [0]
    assert trainer(0.0).targets(frames, exact).unique().tolist() == [0]
    kept = exact._replace(taught=torch.full_like(frames, 100))  # labelled before: the teacher is not asked
    assert trainer(0.25).targets(frames, kept).unique().tolist() == [125]


def test_a_run_may_start_from_trained_weights(tmp_path: Path) -> None:
    list(train(job(12), recipe(), tmp_path / "first"))
    first = tmp_path / "first" / "student.safetensors"
    still = Recipe(1, batch=2, rate=1e-6, average=0.5, eval_every=1, workers=0)  # all but no learning
    list(train(with_start(job(2), first), still, tmp_path / "second"))
    before, after = weights(tmp_path / "first"), weights(tmp_path / "second")
    name = "network.head.weight"
    assert torch.allclose(before[name], after[name], atol=1e-3)
    assert json.loads((tmp_path / "second" / "manifest.json").read_text())["request"]["start_sha256"]


def test_a_loss_that_is_not_finite_stops_the_run() -> None:
    trainer = Trainer(build_network("default"), Recipe(), torch.device("cpu"), None)
    with torch.no_grad():
        next(trainer.network.parameters()).fill_(float("nan"))
    frames = torch.zeros(1, 2, 64, 64, dtype=torch.uint8)
    with pytest.raises(EchoError, match="training diverged: the loss of step 0"):
        trainer.learn(frames, Masks(exact=frames))


def test_a_run_that_gets_no_better_stops_and_keeps_its_best(tmp_path: Path) -> None:
    """A rate far too high for the end makes every later evaluation worse or equal."""
    patient = Recipe(
        40, 2, 3e-3, average=0.0, schedule="constant", patience=2, save_every=4, eval_every=2, workers=0
    )
    rows = list(train(job(80), patient, tmp_path / "run"))
    scores = [row["dice"] for row in rows]
    best = scores.index(max(scores))
    assert rows[-1]["step"] == 40 or len(scores) == best + 3
    trainer = Trainer(build_network("default"), patient, torch.device("cpu"), None)
    trainer.load(tmp_path / "run" / "checkpoints" / "best.pt")
    assert trainer.step == rows[best]["step"]
    kept, held = weights(tmp_path / "run"), trainer.average.module.state_dict()
    assert all(torch.allclose(kept[name], held[name], atol=1e-3, rtol=1e-3) for name in kept)
    before = (tmp_path / "run" / "student.safetensors").read_bytes()
    assert list(train(job(80), patient, tmp_path / "run", resume=True)) == []  # it is over, early or not
    assert (tmp_path / "run" / "student.safetensors").read_bytes() == before


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_learns_as_well(tmp_path: Path, precision: str) -> None:
    whole = Recipe(40, 2, 3e-3, average=0.8, eval_every=20, workers=0)
    mixed = Recipe(40, 2, 3e-3, average=0.8, eval_every=20, workers=0, precision=precision)
    full, half = (list(train(job(80), one, tmp_path / one.precision)) for one in (whole, mixed))
    assert half[-1]["loss"] == pytest.approx(full[-1]["loss"], rel=0.1)
    assert half[-1]["loss"] != full[-1]["loss"]
