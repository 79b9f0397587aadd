"""Training and judging for scripts/students_table.py: each frame of the kept clips once, in windows.

B clips, T frames of H x W pixels.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from table_clips import WINDOW, Budget, judges, training_clips
from table_learners import RECIPES, asked, learner
from table_scores import judged, judged_real
from torch import Tensor, nn

from echodfkd.clipset_writer import software_versions
from echodfkd.distill.data import Masks
from echodfkd.distill.kept import KeptClips
from echodfkd.distill.recipe import Recipe
from echodfkd.files import write_json
from echodfkd.progress import Track
from echodfkd.segmenter import Segmenter
from echodfkd.students.checkpoint import save_network
from echodfkd.students.networks import build_network
from echodfkd.students.runtime import load_torch, spans
from echodfkd.teachers import load_teacher

SAVE_EVERY = 10  # steps


class Work:
    """A folder of results: clips/, judges/, models/, scores/, real/, onnx/, budget.json and speed.json."""

    def __init__(self, folder: Path, budget: Budget, workers: int, track: Track) -> None:
        self.folder, self.budget, self.workers, self.track = folder, budget, workers, track
        Budget.claim(folder, budget)
        self.teacher = load_teacher(budget.teacher, device="cpu")

    def student(self, name: str, seed: int) -> Segmenter:
        """The trained student of a name and seed; it learns first if it has not yet."""
        weights = self.folder / "models" / f"{name}-{seed}.safetensors"
        if not weights.is_file():
            self._learn(name, seed, weights)
        return load_torch(weights, "cpu", name)

    def _learn(self, name: str, seed: int, weights: Path) -> None:
        architecture, recipe = asked(name)
        kept = training_clips(self.folder, self.budget, self.teacher, self.workers, self.track)
        torch.manual_seed(seed)
        place = weights.with_suffix(".pt")
        network = trained(build_network(architecture), kept, RECIPES[recipe], seed, place, self.track)
        card = {"claim": self.teacher.claim, "convention": self.teacher.convention, "size": self.teacher.size}
        save_network(network, {"architecture": architecture, "options": {}, **card}, weights)
        place.unlink(missing_ok=True)

    def score(self, name: str, seed: int) -> None:
        """Train and judge, unless that is done."""
        target = self.folder / "scores" / f"{name}-{seed}.json"
        if target.is_file():
            return
        student = self.student(name, seed)
        clips = judges(self.folder, self.budget, self.teacher, self.track)
        rows = {world: [judged(student, one) for one in some] for world, some in clips.items()}
        facts = {"student": name, "seed": seed, "budget": asdict(self.budget), "sha256": student.digest}
        write_json(target, facts | {"worlds": rows, "software": software_versions()})

    def score_real(self, clips: Path) -> None:
        """Judge every student that has learned on real clips, unless that is done."""
        for weights in sorted((self.folder / "models").glob("*.safetensors")):
            target = self.folder / "real" / f"{weights.stem}.json"
            if not target.is_file():
                rows = judged_real(load_torch(weights, "cpu"), clips, self.track)
                write_json(target, {"student": weights.stem, "rows": rows})


def schedule(clips: int, recipe: Recipe, seed: int) -> list[tuple[list[int], slice]]:
    """Which frames of which clips each step sees: every frame of every clip once.

    Each clip is cut into equal parts; those that share a batch change from seed to seed.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(clips).tolist()
    groups = [sorted(order[i : i + recipe.batch]) for i in range(0, clips, recipe.batch)]
    steps = [(group, part) for group in groups for part in spans(WINDOW, recipe.window)]
    return [steps[i] for i in rng.permutation(len(steps))]


def trained(
    network: nn.Module, kept: KeptClips, recipe: Recipe, seed: int, place: Path, track: Track
) -> nn.Module:
    """The network after every frame of the kept clips; `place` is where a killed training goes on from."""
    steps = schedule(kept.shape[0], recipe, seed)
    trainer = learner(network, recipe, len(steps), seed)
    if place.is_file():
        trainer.load(place)
    for frames, taught in track(batches(kept, steps[trainer.step :]), "training", len(steps) - trainer.step):
        trainer.learn(frames, Masks(taught))
        if trainer.step % SAVE_EVERY == 0 and trainer.step < len(steps):
            trainer.save(place)
    return trainer.average.module


def batches(kept: KeptClips, steps: list[tuple[list[int], slice]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Frames and soft masks of each step, uint8 (B, T, H, W)."""
    for clips, part in steps:
        examples = [kept.load(index, exact=False) for index in clips]
        taught = [example.masks.taught[part] for example in examples if example.masks.taught is not None]
        frames = np.stack([example.frames[part] for example in examples])
        yield torch.from_numpy(frames), torch.from_numpy(np.stack(taught))
