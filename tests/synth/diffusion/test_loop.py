import json
from itertools import islice
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor, nn

from echodfkd.synth.diffusion.loop import LAST, METRICS, fit, last_row
from echodfkd.synth.diffusion.training import Recipe, Training

RECIPE = Recipe(steps=7, batch=2, warmup=1, note_every=2, show_every=3, save_every=2)


class Constant:
    """Learns a number; its loss is what is left."""

    critic: nn.Module | None = None

    def __init__(self) -> None:
        self.network: nn.Module = nn.Linear(1, 1)
        self.shown: list[bool] = []
        with torch.no_grad():
            for weight in self.network.parameters():
                weight.fill_(1.0)

    def batch(self, step: int, count: int) -> dict[str, Tensor]:
        return {"x": torch.ones(count, 1)}

    def losses(self, batch: dict[str, Tensor], step: int, rng: torch.Generator) -> dict[str, Tensor]:
        return {"loss": self.network(batch["x"]).square().mean(), "other": torch.zeros(())}

    def critic_loss(self, batch: dict[str, Tensor]) -> Tensor:
        raise AssertionError

    def pictures(self) -> Tensor | None:
        self.shown.append(self.network.training)
        return torch.zeros(1, 4, 4)


def training() -> Training:
    return Training(Constant(), RECIPE, "cpu")  # type: ignore[arg-type]


def steps_in(run: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (run / METRICS).read_text().splitlines()]


def test_rows_grids_and_a_checkpoint_are_left(tmp_path: Path) -> None:
    one = training()
    rows = [*fit(one, tmp_path)]
    assert [row["step"] for row in rows] == steps_in(tmp_path) == [2, 4, 6, 7]
    assert set(rows[0]) == {"step", "loss", "other", "steps_per_second"}
    assert rows[0]["loss"] > rows[-1]["loss"]
    assert one.task.shown == [False] * 3  # type: ignore[attr-defined]
    assert torch.load(tmp_path / LAST, weights_only=True)["step"] == 7
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == [2, 4, 6, 7]
    assert [event.step for event in events.Images("samples")] == [3, 6, 7]
    assert last_row(tmp_path, 7) == rows[-1]
    assert last_row(tmp_path, 5) == rows[1]
    assert last_row(tmp_path / "none", 7) == {}


def test_a_cut_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    whole = [*fit(training(), tmp_path / "whole")]
    run = tmp_path / "cut"
    cut = fit(training(), run)
    assert [row["step"] for row in islice(cut, 3)] == [2, 4, 6]
    cut.close()  # type: ignore[attr-defined]  # before the checkpoint of step 6
    again = training()
    again.load(run / LAST)
    assert again.step == 4
    rest = [*fit(again, run)]
    assert [row["loss"] for row in rest] == pytest.approx([row["loss"] for row in whole[2:]], abs=0)
    assert steps_in(run) == [2, 4, 6, 7]
    assert [*fit(again, run)] == []
    assert steps_in(run) == [2, 4, 6, 7]
