"""The clips of scripts/students_table.py: those that all students learn from, and those that judge them.

T frames of H x W pixels each; everything is drawn and labelled by one teacher once and kept.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.clip import BoolMask, Clip, Frames, Label
from echodfkd.distill.data import GeneratorExamples
from echodfkd.distill.distill import teacher_labels
from echodfkd.distill.kept import KeptClips
from echodfkd.errors import UsageError
from echodfkd.eval.score import labels_of
from echodfkd.files import read_json, read_npz, write_json, write_npz
from echodfkd.progress import Track
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Segmenter
from echodfkd.synth.mixture import training_mixture
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.held_out import HELD_OUT, held_out_generators

WINDOW = 25  # frames of a training clip, as published
FRESH = "mixture"  # the judging world of clips as the students learned from, of another seed


@dataclass(frozen=True)
class Budget:
    """What every student gets, and what judges it.

    Attributes:
        clips: of `WINDOW` frames to learn from. seed: of these; `seed` + 1 draws those that judge.
        judges: clips of each held-out world that judge. frames: of each of these, at 50 Hz.
        teacher: name or path of the model whose masks are learned.
    """

    clips: int = 400
    seed: int = 61
    judges: int = 12
    frames: int = 100
    teacher: str = "sim"

    @property
    def learned(self) -> int:
        """Frames that a student learns from, each once."""
        return self.clips * WINDOW

    @staticmethod
    def claim(folder: Path, budget: "Budget") -> None:
        """Note the budget of a folder of results.

        Raises:
            UsageError: if the folder holds results of another budget: they would not compare.
        """
        path = folder / "budget.json"
        if path.is_file() and read_json(path) != asdict(budget):
            raise UsageError(f"{folder} holds results of another budget: {read_json(path)}")
        write_json(path, asdict(budget))


def training_clips(folder: Path, budget: Budget, teacher: Segmenter, workers: int, track: Track) -> KeptClips:
    """The clips to learn from, uint8 (N, T, H, W), with the teacher's soft masks and no others."""
    request = {
        "source": "training mixture",
        "version": SimGenerator.version,
        "clips": budget.clips,
        "frames": WINDOW,
        "size": teacher.size,
        "exact": False,
        "seed": budget.seed,
        "teacher_sha256": teacher.digest,
    }
    kept = KeptClips(folder / "clips", request)
    drawn = GeneratorExamples(training_mixture(WINDOW), budget.seed, budget.clips, teacher.size, exact=False)
    kept.fill(drawn, teacher_labels(teacher), workers, track)
    return kept


@dataclass(frozen=True, eq=False)
class Judge:
    """A clip that no student learned from.

    Attributes:
        clip: its frames, and exact LV mask and events. taught: the teacher's mask, bool (T, H, W).
    """

    clip: Clip
    taught: BoolMask


def worlds(budget: Budget) -> dict[str, list[tuple[SimGenerator, int]]]:
    """Generator and index of each judging clip, by the world's name.

    `mixture` is what the students learned from, in clips of `WINDOW` frames of every kind and rate; the
    others were held out on purpose (synth/sim/held_out.py).
    """
    mixture = training_mixture(WINDOW)
    makers = held_out_generators(budget.frames).items()
    drawn = {FRESH: [(mixture[i % len(mixture)], i) for i in range(len(HELD_OUT) * budget.judges)]}
    return drawn | {name: [(maker, i) for i in range(budget.judges)] for name, maker in makers}


def judges(folder: Path, budget: Budget, teacher: Segmenter, track: Track) -> dict[str, list[Judge]]:
    """The judging clips of each world, by its name."""
    return {
        name: [
            judge(folder / "judges" / f"{name}-{budget.seed + 1}-{index}.npz", maker, budget, index, teacher)
            for maker, index in track(clips, f"judges of {name}", len(clips))
        ]
        for name, clips in worlds(budget).items()
    }


def judge(path: Path, maker: SimGenerator, budget: Budget, index: int, teacher: Segmenter) -> Judge:
    """A judging clip from its file, which is made when it is not there."""
    if not path.is_file():
        clip = maker.clip(budget.seed + 1, index)
        write_npz(path, **_arrays(clip, teacher.predict(clip.frames)))
    arrays = read_npz(path)
    events: dict[str, Any] = {f"{kind}_frames": tuple(int(i) for i in arrays[kind]) for kind in ("ed", "es")}
    mask = (arrays["lv"] * Label.LV).astype(np.uint8)
    clip = Clip(arrays["frames"], fps=float(arrays["fps"]), name=path.stem, mask=mask, **events)
    return Judge(clip, arrays["taught"])


def _arrays(clip: Clip, prob: Frames) -> dict[str, Any]:
    true = labels_of(clip)
    events = {"ed": np.array(true.events.ed, int), "es": np.array(true.events.es, int)}
    return {"frames": clip.frames, "lv": true.mask, "taught": lv_masks(prob), "fps": clip.fps, **events}
