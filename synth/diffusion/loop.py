"""The one training loop of all generators: steps, rows of losses, sample grids, checkpoints."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from torch.utils.tensorboard import SummaryWriter

from echodfkd.distill.history import History
from echodfkd.progress import Track, silent
from echodfkd.synth.diffusion.training import Row, Training

LAST = Path("checkpoints") / "last.pt"
METRICS = "metrics.jsonl"


def fit(training: Training, run: Path, track: Track = silent) -> Iterator[Row]:
    """Train to the end; yields a row of `metrics.jsonl` now and then.

    Leaves `checkpoints/last.pt`, `metrics.jsonl` and TensorBoard events with sample grids in `run`.

    Raises:
        EchoError: when the training diverges, or the disk is full.
    """
    recipe, history = training.recipe, History(run / METRICS, training.step)
    steps = range(training.step, recipe.steps)
    with SummaryWriter(str(run / "tensorboard"), purge_step=training.step + 1) as events:
        seen: list[Row] = []
        begun = time.perf_counter()
        for _ in track(steps, "training", len(steps)):
            seen.append(training.learn())
            if _due(training, recipe.note_every):
                row = _row(training.step, seen, time.perf_counter() - begun)
                history.add(row)
                for name, value in row.items():
                    events.add_scalar(name, value, training.step)
                yield row
                seen, begun = [], time.perf_counter()
            if _due(training, recipe.show_every):
                _show(training, events)
            if _due(training, recipe.save_every):
                training.save(run / LAST)


def last_row(run: Path, step: int) -> Row:
    """The last row that a run noted up to a step; empty before any."""
    rows = History(run / METRICS, step, writes=False).rows
    return rows[-1] if rows else {}


def _due(training: Training, every: int) -> bool:
    return training.step % every == 0 or training.step == training.recipe.steps


def _row(step: int, seen: list[Row], seconds: float) -> Row:
    means = {name: fmean(one[name] for one in seen) for name in seen[-1]}
    return {"step": step, **means, "steps_per_second": len(seen) / seconds}


def _show(training: Training, events: SummaryWriter) -> None:
    with training.averaged():
        grid = training.task.pictures()
    if grid is not None:
        events.add_image("samples", grid, training.step)
