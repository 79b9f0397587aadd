"""Downstream Dice: what a student learns from clips, which how they look does not tell.

A small student is distilled from a set for a fixed number of steps and scored on clips with labels. The
figure is low on purpose: it compares sets under one small budget, it is not what a student can reach.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from echodfkd.clipset import ClipSet
from echodfkd.distill.distill import job_from_clip_set
from echodfkd.distill.recipe import Recipe
from echodfkd.distill.run import train
from echodfkd.errors import UsageError
from echodfkd.eval.clip_score import ClipScore
from echodfkd.eval.figures import figures
from echodfkd.eval.held_out import score_world
from echodfkd.eval.metric import Figure
from echodfkd.eval.run import evaluate
from echodfkd.progress import Track, silent
from echodfkd.segmenter import Segmenter
from echodfkd.students.load import load_student
from echodfkd.synth.sim.held_out import held_out_generators

WORLD_FRAMES = 32  # of a clip of a held-out world, 0.64 s
WORLD_SEED = 577_215  # of these clips


@dataclass(frozen=True)
class Budget:
    """What a student is given.

    Attributes:
        student: its name. steps, batch: of the training, clips of 8 frames. seed: of all of it.
        judged: most clips with labels that judge it.
    """

    student: str = "micro"
    steps: int = 300
    batch: int = 4
    seed: int = 0
    judged: int = 24

    def __str__(self) -> str:
        clips = f"batches of {self.batch} clips of 8 frames"
        return f"student {self.student}, {self.steps} steps on {clips}, seed {self.seed}, one training run"


def distilled(
    clips: ClipSet, teacher: Segmenter, budget: Budget, *, device: str = "auto", track: Track = silent
) -> Segmenter:
    """A student of a teacher, distilled from a set for the budget; nothing of the run is kept.

    Raises:
        UsageError: if the set is too small.
    """
    steps = budget.steps
    recipe = Recipe(
        steps=steps, batch=budget.batch, seed=budget.seed, workers=0, save_every=steps, eval_every=steps
    )
    job = job_from_clip_set(clips, teacher, budget.student, recipe)
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        for _ in train(job, recipe, run, device=device, track=track):
            pass
        return load_student(str(run), device)


def downstream(
    clips: ClipSet,
    teacher: Segmenter,
    labelled: ClipSet | None,
    budget: Budget | None = None,
    *,
    device: str = "auto",
    track: Track = silent,
) -> Figure:
    """Dice per image of a student that was distilled from `clips`, to labels of other clips.

    Args:
        teacher: labels the clips, where it has not left its labels in the set.
        labelled: judges the student; None takes the held-out worlds of `sim`.
        budget: see `Budget`.

    Raises:
        UsageError: if the set is too small.
        EchoError: if a labelled clip lacks its labels.
    """
    budget = budget or Budget()
    student = distilled(clips, teacher, budget, device=device, track=track)
    scores = _scores(student, labelled, budget, track)
    where = "held-out worlds of sim" if labelled is None else labelled.root.resolve().name
    found = next(figure for figure in figures(scores) if figure.name == "dice")
    words = f"Dice per image to labels of {len(scores)} clips of {where}; {budget}, teacher {teacher.name}"
    return replace(found, name="downstream_dice", title="Downstream Dice", definition=words)


def _scores(
    student: Segmenter, labelled: ClipSet | None, budget: Budget, track: Track
) -> tuple[ClipScore, ...]:
    if labelled is not None:
        chosen = ClipSet(labelled.root, labelled.records[: budget.judged])
        return evaluate([student], chosen, track=track)[0].scores
    return tuple(_in_worlds(student, budget.judged))


def _in_worlds(student: Segmenter, clips: int) -> Iterator[ClipScore]:
    worlds = held_out_generators(WORLD_FRAMES)
    for world in worlds.values():
        yield from score_world(world, student, WORLD_SEED, max(1, clips // len(worlds)))


def split(reference: ClipSet) -> tuple[ClipSet, ClipSet]:
    """Every other clip to learn from, and the rest to judge by.

    Raises:
        UsageError: for fewer than four clips.
    """
    if len(reference) < 4:
        raise UsageError(f"{reference.root} holds {len(reference)} clips: too few to learn from and judge by")
    first, second = (ClipSet(reference.root, reference.records[k::2]) for k in (0, 1))
    return first, second
