"""What is asked of any generator: do clips follow it, how near do they come to `sim`, how fast.

Used by scripts/score_generators.py, sweep_start.py and bench_synth.py.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from echodfkd.clip import Clip
from echodfkd.eval.dice import dice_per_image
from echodfkd.eval.fidelity.compare import compared
from echodfkd.eval.fidelity.describe import Described, describe
from echodfkd.eval.fidelity.features import Features, load_features
from echodfkd.eval.fidelity.look import Look
from echodfkd.eval.reference import find
from echodfkd.eval.score import predict
from echodfkd.segment.masks import lv_masks
from echodfkd.segmenter import Segmenter
from echodfkd.synth.base import BatchGenerator, Generator
from echodfkd.synth.privacy.copies import COPIES
from echodfkd.synth.sim.generator import SimGenerator

REFERENCE = 161_803  # seed of the `sim` clips that all are compared with; nothing learned from it
EVEN = (15.0, 75.0)  # percent: EFs to ask for


@dataclass(frozen=True)
class Score:
    """Of one generator.

    Attributes:
        name: of it. clips: how many. seconds: for a clip, median; the first is not counted.
        dice: of the judge to the clips' own masks, mean over frames of each clip (N,); empty without masks.
        asked, measured: EF in percent of each clip (N,), measured on the judge's masks; NaN without a beat.
        kernel_frames, kernel_clips: kernel distances to `sim`. speckle: distance of speckle statistics.
    """

    name: str
    clips: int
    seconds: float
    dice: tuple[float, ...]
    asked: tuple[float, ...]
    measured: tuple[float, ...]
    kernel_frames: float
    kernel_clips: float
    speckle: float

    @property
    def pearson(self) -> float:
        """Pearson's r of asked and measured EF over clips that have both."""
        both = np.isfinite(self.asked) & np.isfinite(self.measured)
        asked, measured = np.array(self.asked)[both], np.array(self.measured)[both]
        return float(np.corrcoef(asked, measured)[0, 1]) if len(asked) > 2 else float("nan")


def drawn(generator: Generator, seed: int, clips: int, seconds: list[float]) -> Iterator[Clip]:
    """Clips of a generator one by one; notes how long each took."""
    if isinstance(generator, BatchGenerator):
        generator.clips(seed, [clips])  # networks are loaded and warm
    for index in range(clips):
        begun = time.perf_counter()
        clip = generator.clip(seed, index)
        seconds.append(time.perf_counter() - begun)
        yield clip


@cache
def reference(frames: int, fps: float, clips: int, features: Features) -> Described:
    """`sim`'s own clips as all others are looked at."""
    source = SimGenerator(frames=frames, fps=fps, ef=EVEN)
    theirs, copied = (source.clip(REFERENCE, i) for i in range(clips)), range(min(clips, COPIES))
    return describe("sim", theirs, features, Look(fps, 112), copied)


def score(generator: Generator, judge: Segmenter, seed: int, clips: int, name: str = "") -> Score:
    """Draw clips, judge them, compare them with as many of `sim`."""
    seconds: list[float] = []
    made = list(drawn(generator, seed, clips, seconds))
    return judged(made, judge, name or generator.name, float(np.median(seconds)))


def judged(made: Sequence[Clip], judge: Segmenter, name: str, seconds: float) -> Score:
    """The score of clips."""
    features = _features()
    first = made[0]
    assert first.fps is not None
    theirs = reference(len(first), first.fps, len(made), features)
    ours = describe(name, made, features, Look(first.fps, 112))
    found = compared(ours, theirs, features)
    dice, measured = [], []
    for clip in made:
        masks = lv_masks(predict(clip, judge).prob)
        if clip.lv is not None:
            dice.append(float(np.mean(dice_per_image(masks, clip.lv))))
        ef = find(clip, masks).ef
        measured.append(float("nan") if ef is None else ef)
    asked = tuple(float("nan") if clip.ef is None else clip.ef for clip in made)
    kernels = found.value("kernel_frames"), found.value("kernel_clips")
    return Score(
        name, len(made), seconds, tuple(dice), asked, tuple(measured), *kernels, found.value("speckle")
    )


@cache
def _features() -> Features:
    return load_features("sim", "cpu")


def row(one: Score) -> str:
    """A line of a Markdown table."""
    dice = f"{np.mean(one.dice):.3f}" if one.dice else "–"
    figures = f"{one.pearson:.2f} | {one.kernel_frames:.2f} | {one.kernel_clips:.2f} | {one.speckle:.2f}"
    return f"| {one.name} | {one.clips} | {dice} | {figures} | {one.seconds:.2f} |"


HEAD = (
    "| generator | clips | agreement with its masks (Dice) | EF asked, measured: r | kernel distance, frames "
    "| clips | speckle distance | s per clip |\n|---|---|---|---|---|---|---|---|"
)
