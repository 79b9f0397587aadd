"""An export must do what the network does: compared on synthetic clips and on a real cine, or it fails."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.segmenter import Segmenter

LEAST_DICE = 0.999
LARGEST_DIFFERENCE = 2  # of 255


@dataclass(frozen=True)
class Parity:
    """How far an export is from its source.

    Attributes:
        dice: of the masks at probability .5, over all pixels of all clips.
        largest_difference: of the probabilities, in 1/255.
        frames: how many were compared.
        frames_per_second: of the export and of its source on this machine, one after the other.
    """

    dice: float
    largest_difference: int
    frames: int
    frames_per_second: float
    source_frames_per_second: float


def compare(export: Segmenter, source: Segmenter, clips: Mapping[str, Frames]) -> Parity:
    """Run both on uint8 (T, size, size) clips."""
    begun = time.perf_counter()
    theirs = np.concatenate([source.predict(frames) for frames in clips.values()])
    between = time.perf_counter()
    ours = np.concatenate([export.predict(frames) for frames in clips.values()])
    done = time.perf_counter()
    a, b = ours > 127, theirs > 127
    total = int(a.sum() + b.sum())
    return Parity(
        dice=2 * int((a & b).sum()) / total if total else 1.0,
        largest_difference=int(np.abs(ours.astype(int) - theirs).max()),
        frames=len(ours),
        frames_per_second=round(len(ours) / (done - between), 1),
        source_frames_per_second=round(len(ours) / (between - begun), 1),
    )


def require(parity: Parity) -> dict[str, float]:
    """The figures of a good export.

    Raises:
        EchoError: if it misses `LEAST_DICE` or `LARGEST_DIFFERENCE`.
    """
    if parity.dice < LEAST_DICE or parity.largest_difference > LARGEST_DIFFERENCE:
        raise EchoError(
            f"the export differs from its source (Dice {parity.dice:.4f}, largest difference "
            f"{parity.largest_difference}/255) and was not kept; "
            "please report the network and software versions"
        )
    return asdict(parity)
