"""What a text-image model says of a clip: EF, where in the cycle each frame is, how good masks are.

Similarities are products of unit vectors, in float32. T frames, P prompts, D numbers of an embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import detrend, find_peaks

from echodfkd.beats import Events
from echodfkd.clip import Clip
from echodfkd.eval import afd
from echodfkd.eval.auxiliary.base import Embeddings, TextImage

Floats = npt.NDArray[np.float64]

EF_FRAMES = slice(0, 40, 2)  # EchoCLIP's example looks at these
TOP = 0.2  # share of the ranks whose median is the answer
PUBLISHED_FPS = 50.0  # the rate for which the distance of peaks, 10 frames, was chosen
ASKED = ("closed", "open", "wall", "nothing", "left_ventricle")


class Questions:
    """A model's prompts, embedded once.

    Attributes:
        ef: (P, D), every EF prompt. ef_values: (P,), their percents.
    """

    def __init__(self, model: TextImage) -> None:
        texts, values = model.prompts.ef_prompts()
        self.ef, self.ef_values = model.embed_text(texts), np.array(values, dtype=np.float32)
        embedded = model.embed_text([getattr(model.prompts, name) for name in ASKED])
        self._named = dict(zip(ASKED, embedded, strict=True))

    def __getitem__(self, name: str) -> Embeddings:
        """The prompt of that name in `Prompts`, (1, D)."""
        return self._named[name][None]


@dataclass(frozen=True)
class Reading:
    """What an auxiliary reads off a clip, whatever the masks.

    Attributes:
        ef: percent, NaN for none. phase: (T,), see `phase_signal`; None without one.
    """

    ef: float = float("nan")
    phase: Floats | None = None


def regression_metric(frames: Embeddings, prompts: Embeddings, values: npt.ArrayLike) -> float:
    """A number by zero-shot ranking, as EchoCLIP does it (Christensen et al., 2024).

    Prompts are ranked by similarity for each frame, the value at each rank is averaged over the frames, and
    the median of the best 20% of the ranks is the answer (the lower middle of an even count).

    Args:
        frames: (T, D). prompts: (P, D). values: (P,), the number in each prompt.
    """
    ranked = np.argsort(-(frames @ prompts.T), axis=1, kind="stable")
    by_rank = np.asarray(values, dtype=np.float32)[ranked].mean(axis=0)
    best = np.sort(by_rank[: max(1, int(len(by_rank) * TOP))])
    return float(best[(len(best) - 1) // 2])


def binary_metric(frames: Embeddings, prompts: Embeddings) -> float:
    """Mean similarity over frames and prompts, -1..1: how well the prompts fit, as EchoCLIP does it."""
    return float((frames @ prompts.T).mean())


def phase_signal(frames: Embeddings, questions: Questions, published: bool = False) -> Floats:
    """Where in the cycle each frame is: z-scored cumulative sum of sim(CLOSED) - sim(OPEN), float (T,).

    The mean of the difference is not zero, so that the sum drifts: it is detrended, unless `published`.
    Which of its turns is ES has to be calibrated, see `calibrated_sign`.
    """
    difference = (frames @ (questions["closed"] - questions["open"]).T)[:, 0]
    total = np.cumsum(difference, dtype=np.float64)
    return afd.z_scored(total if published else detrend(total))


def read_clip(model: TextImage, questions: Questions, clip: Clip, *, phase: bool, published: bool) -> Reading:
    """EF, and the phase signal if asked for."""
    chosen = clip.frames if phase else clip.frames[EF_FRAMES]
    frames = model.embed_frames(chosen)
    ef = regression_metric(frames[EF_FRAMES] if phase else frames, questions.ef, questions.ef_values)
    return Reading(ef, phase_signal(frames, questions, published) if phase else None)


def calibrated_sign(phases: Sequence[Floats], areas: Sequence[npt.ArrayLike]) -> tuple[int, float]:
    """Which way up a phase signal is: 1 if its troughs are ES, as the published plot has it, else -1.

    One bit for a whole set of clips, taken from the mean correlation with LV areas; without any, 1.

    Args:
        phases, areas: (T,) of each clip.

    Returns:
        The sign, and the mean correlation of the signals so turned with the areas; NaN without one.
    """
    pairs = zip(phases, areas, strict=True)
    found = [float((afd.z_scored(phase) * afd.z_scored(area)).mean()) for phase, area in pairs]
    mean = float(np.mean(found)) if found else float("nan")
    sign = -1 if mean < 0 else 1
    return sign, sign * mean


def phase_events(phase: npt.ArrayLike, fps: float | None) -> Events:
    """ED and ES frames of a phase signal (T,) whose troughs are ES; none of a constant one.

    Peaks and troughs 1.5 standard deviations high, 10 frames apart at 50 fps; without one, the extremum.
    """
    z = afd.z_scored(phase)
    if not z.any():
        return Events()
    apart = max(1, round(afd.PEAK_DISTANCE * (fps or PUBLISHED_FPS) / PUBLISHED_FPS))
    return Events(_peaks(z, apart), _peaks(-z, apart))


def _peaks(z: Floats, apart: int) -> tuple[int, ...]:
    found = find_peaks(z, distance=apart, prominence=afd.PEAK_PROMINENCE)[0]
    return tuple(int(frame) for frame in found) or (int(np.argmax(z)),)
