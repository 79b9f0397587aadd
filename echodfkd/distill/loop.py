"""The training loop: one for teachers on exact masks and for students on a teacher's soft masks.

Every step draws its randomness from (seed, step) and its clips by index, so a run that was cut and resumed
ends with the very weights of an undisturbed one on the same machine. Where several processes train together,
each takes its part of every batch: the clips of a step do not depend on how many there are.
"""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import fmean

from torch import Tensor
from torch.utils.data import Dataset

from echodfkd.distill.data import loader
from echodfkd.distill.history import History, Row
from echodfkd.distill.trainer import Trainer
from echodfkd.errors import UsageError
from echodfkd.progress import Track, silent

METRICS = "metrics.jsonl"
LAST = Path("checkpoints") / "last.pt"  # in a run's folder: where it goes on
BEST = Path("checkpoints") / "best.pt"  # the state of the best evaluation, where a run may stop early
JUDGED = 4  # clips judged at a time


def fit(
    trainer: Trainer, examples: Dataset, held_out: Dataset, run: Path, track: Track = silent
) -> Iterator[Row]:
    """Train from where the trainer stands to the end; yields a row of `metrics.jsonl` at each evaluation.

    Leaves `checkpoints/last.pt`, `metrics.jsonl` and TensorBoard events in `run`. With patience the end may
    come early, and the trainer then holds the best weights.

    Raises:
        UsageError: if the batch cannot be shared equally by the processes.
    """
    recipe = trainer.recipe
    course = Course(trainer, held_out, run)
    left = 0 if course.ended else recipe.steps - trainer.step
    batches = loader(examples, share(trainer), recipe.batch // trainer.ranks.world, recipe.workers)
    for frames, masks in track(islice(batches, left), "training", left):
        trainer.learn(frames, masks)
        row = course.note(frames)
        if row is not None:
            yield row
        if course.ended:
            break
    course.close()


def share(trainer: Trainer) -> list[int]:
    """The examples that this process sees from the trainer's step on: its part of every batch.

    Raises:
        UsageError: if the batch cannot be shared equally.
    """
    recipe, ranks = trainer.recipe, trainer.ranks
    part, rest = divmod(recipe.batch, ranks.world)
    if rest:
        raise UsageError(
            f"{ranks.world} processes cannot share batches of {recipe.batch} equally; "
            f"try --batch {(part + 1) * ranks.world}"
        )
    first, end = trainer.step * recipe.batch + ranks.rank * part, recipe.steps * recipe.batch
    return [begin + k for begin in range(first, end, recipe.batch) for k in range(part)]


def over(trainer: Trainer, history: History) -> bool:
    """Whether a run is at its end: all steps are done, or its patience is."""
    return trainer.step == trainer.recipe.steps or history.exhausted(trainer.recipe.patience)


class Course:
    """The course of a run: when it is judged, saved and over.

    Args:
        trainer: stands at the step from which the run goes on.
        held_out: examples that judge it. run: its folder.

    Attributes:
        ended: whether the last step was the last one.
    """

    def __init__(self, trainer: Trainer, held_out: Dataset, run: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.trainer, self.recipe, self.run, self.held_out = trainer, trainer.recipe, run, held_out
        self.writes = trainer.ranks.main
        self.history = History(run / METRICS, trainer.step, self.writes)
        self.ended = over(trainer, self.history)
        self.events = SummaryWriter(str(run / "tensorboard")) if self.writes else None
        self.judge: list[tuple[Tensor, Tensor]] = []  # drawn and labelled once, at the first evaluation
        self.begun, self.frames = time.perf_counter(), 0

    def note(self, frames: Tensor) -> Row | None:
        """Note a step on frames (B, T, H, W); the row of its evaluation, where one was due."""
        self.frames += frames.shape[0] * frames.shape[1] * self.trainer.ranks.world
        row = self._evaluate() if self._due(self.recipe.eval_every) else None
        self.ended = over(self.trainer, self.history)
        if self.writes and (self.ended or self._due(self.recipe.save_every)):
            self.trainer.save(self.run / LAST)
        return row

    def close(self) -> None:
        """End the run; with patience the trainer takes its best weights."""
        if self.events is not None:
            self.events.close()
        if self.recipe.patience and self.ended:
            self.trainer.ranks.wait()
            self.trainer.load(self.run / BEST)

    def _due(self, every: int) -> bool:
        return self.trainer.step % every == 0 or self.trainer.step == self.recipe.steps

    def _evaluate(self) -> Row:
        speed = self.frames / (time.perf_counter() - self.begun)
        row = {
            "step": self.trainer.step,
            "loss": fmean(self.trainer.ranks.gather(fmean(self.trainer.losses))),
            "dice": self.trainer.ranks.on_main(self._agreement),  # one word, so that all stop together
            "frames_per_second": speed,
        }
        self.history.add(row)
        if self.events is not None:
            for name in ("loss", "dice"):
                self.events.add_scalar(name, row[name], self.trainer.step)
            if self.recipe.patience and self.history.just_best():
                self.trainer.save(self.run / BEST)
        return row

    def _agreement(self) -> float:
        if not self.judge:
            everything = range(len(self.held_out))  # type: ignore[arg-type]
            batches = loader(self.held_out, everything, JUDGED, 0, whole=False)
            self.judge = [(frames, self.trainer.targets(frames, masks)) for frames, masks in batches]
        return self.trainer.agreement(self.judge)
