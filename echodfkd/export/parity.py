"""An export must do what the network does: compared on synthetic clips and on a real cine, or it fails."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.segmenter import Prob, Segmenter

TIMED = 4  # clips
WORSE = 0.03  # that a single clip may lie below what all together must reach


@dataclass(frozen=True)
class Limits:
    """How far an export may be from its source.

    Attributes:
        dice: at least, over all pixels of all clips. difference: of the probabilities at most, in 1/255.
    """

    dice: float
    difference: int


SAME = Limits(dice=0.999, difference=2)
HALVES = Limits(dice=0.999, difference=8)  # weights as fp16
EIGHT_BITS = Limits(dice=0.99, difference=255)


@dataclass(frozen=True)
class Parity:
    """How far an export is from its source.

    Attributes:
        dice: of the masks at probability .5, over all pixels of all clips.
        least_dice: of the clip that agrees least. least_clip: its name.
        largest_difference: of the probabilities, in 1/255.
        frames: how many were compared.
        frames_per_second: of the export on this machine, by threads ("1", "all").
        source_frames_per_second: of the network in torch, with the threads that torch has.
    """

    dice: float
    least_dice: float
    least_clip: str
    largest_difference: int
    frames: int
    frames_per_second: dict[str, float]
    source_frames_per_second: float


def compare(exports: Mapping[str, Segmenter], source: Segmenter, clips: Mapping[str, Frames]) -> Parity:
    """Run both on uint8 (T, size, size) clips.

    Args:
        exports: the same file by the threads that it runs on; the first one is compared, all are timed.
    """
    theirs = {name: source.predict(frames) for name, frames in clips.items()}
    ours = {name: next(iter(exports.values())).predict(frames) for name, frames in clips.items()}
    sample = list(clips.values())[:TIMED]
    dices = {name: dice(ours[name], theirs[name]) for name in clips}
    least = min(dices, key=lambda name: dices[name])
    return Parity(
        dice=dice(*(np.concatenate(list(probs.values())) for probs in (ours, theirs))),
        least_dice=dices[least],
        least_clip=least,
        largest_difference=max(int(np.abs(ours[k].astype(int) - theirs[k]).max()) for k in clips),
        frames=sum(map(len, ours.values())),
        frames_per_second={threads: _rate(export, sample) for threads, export in exports.items()},
        source_frames_per_second=_rate(source, sample),
    )


def dice(ours: Prob, theirs: Prob) -> float:
    """Dice of two stacks of probabilities at .5, over all their pixels; both empty is 1."""
    a, b = ours > 127, theirs > 127
    total = int(a.sum() + b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def _rate(model: Segmenter, clips: Sequence[Frames]) -> float:
    """Frames per second over clips, after a first call."""
    model.predict(clips[0])
    begun = time.perf_counter()
    for frames in clips:
        model.predict(frames)
    return round(sum(map(len, clips)) / (time.perf_counter() - begun), 1)


def require(parity: Parity, limits: Limits, force: bool = False) -> dict[str, Any]:
    """The figures of a good export.

    Args:
        force: take a bad one as well; its figures say so.

    Raises:
        EchoError: if it misses the limits.
    """
    good = (
        parity.dice >= limits.dice
        and parity.least_dice >= limits.dice - WORSE
        and parity.largest_difference <= limits.difference
    )
    if not (good or force):
        raise EchoError(
            f"the export differs from its source (Dice {parity.dice:.4f}, {limits.dice:g} is wanted; "
            f"{parity.least_dice:.4f} on {parity.least_clip}; largest difference "
            f"{parity.largest_difference}/255, {limits.difference} is allowed) and was not kept; "
            f"{_advice(limits)}"
        )
    return asdict(parity) | {"limits": asdict(limits), "passed": good}


def _advice(limits: Limits) -> str:
    if limits == EIGHT_BITS:
        return "8 bits do not suit this network: export it as onnx, or take the loss with --force"
    return "please report the network and software versions"
