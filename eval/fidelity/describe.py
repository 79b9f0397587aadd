"""All that is compared of a set of clips, from one pass over it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Clip
from echodfkd.eval.fidelity.features import Features, Vectors
from echodfkd.eval.fidelity.look import Look
from echodfkd.eval.fidelity.privacy import fingerprint, fingerprint_of_copy
from echodfkd.eval.fidelity.speckle import speckle
from echodfkd.synth.privacy.fingerprint import Features as Print

Floats = npt.NDArray[np.float64]
MOST_FRAMES = 16  # of a clip, evenly spread, whose features are kept: neighbours are nearly the same
MOST_ROWS = 20_000  # of a set: more of them would fill the memory with distances


@dataclass(frozen=True, eq=False)
class ClipFacts:
    """One clip.

    Attributes:
        name: the clip's. frames: features of some of its frames (t, D), None where there are none.
        moving: of the whole (D',), None where it has but one frame. speckle: see `speckle`.
        print: of all its frames. copy: of a copy that was altered on purpose, where one was made.
    """

    name: str
    frames: Vectors | None
    moving: npt.NDArray[np.float32] | None
    speckle: Floats
    print: Print
    copy: Print | None


@dataclass(frozen=True, eq=False)
class Described:
    """A set of clips, described.

    Attributes:
        name: the set's. clips: in its order. parts: of the features of clips, see `Features`.
    """

    name: str
    clips: tuple[ClipFacts, ...]
    parts: int

    def __len__(self) -> int:
        return len(self.clips)

    def frames(self, most: int) -> tuple[Vectors, npt.NDArray[np.int64]] | None:
        """Features of at most `most` frames of each clip (n, D) and the clip of each; None without any."""
        kept = [one.frames for one in self.clips if one.frames is not None]
        if not kept:
            return None
        chosen = [rows[spread(len(rows), most)] for rows in kept]
        return np.concatenate(chosen), np.repeat(np.arange(len(chosen)), [len(rows) for rows in chosen])

    @property
    def moving(self) -> Vectors:
        """Features of the clips of more than one frame, (n, D')."""
        kept = [one.moving for one in self.clips if one.moving is not None]
        return np.stack(kept) if kept else np.empty((0, 0), np.float32)

    @property
    def speckle(self) -> Floats:
        """(n, statistics)."""
        return np.stack([one.speckle for one in self.clips])

    @property
    def prints(self) -> list[Print]:
        """Of each clip."""
        return [one.print for one in self.clips]

    @property
    def copies(self) -> dict[int, Print]:
        """Of the altered copies, by the number of the clip."""
        return {number: one.copy for number, one in enumerate(self.clips) if one.copy is not None}

    def halves(self) -> "tuple[Described, Described]":
        """Every other clip, and the rest, as sets of their own."""
        parts = (self.clips[::2], self.clips[1::2])
        first, second = (Described(f"half of {self.name}", part, self.parts) for part in parts)
        return first, second


def describe(
    name: str, clips: Iterable[Clip], features: Features, look: Look, copied: Collection[int] = ()
) -> Described:
    """Describe a set; it is gone through once, a clip at a time.

    Args:
        name: what to call it. clips: with or without masks, which are not used.
        features: of what network. look: how both sets are looked at alike.
        copied: numbers of the clips that are also copied on purpose; a reference needs some (`COPIES`).
    """
    return Described(name, tuple(_facts(clips, features, look, copied)), features.parts)


def _facts(
    clips: Iterable[Clip], features: Features, look: Look, copied: Collection[int]
) -> Iterator[ClipFacts]:
    for number, clip in enumerate(clips):
        video = look.video(clip)
        window = video[: look.frames]
        seen = features.both(window)
        frames = None if seen.frames is None else seen.frames[spread(len(seen.frames), MOST_FRAMES)]
        yield ClipFacts(
            name=clip.name,
            frames=frames,
            moving=seen.clip if len(window) > 1 else None,
            speckle=speckle(window, look.rate_of(clip)),
            print=fingerprint(video),
            copy=fingerprint_of_copy(video, number) if number in copied else None,
        )


def spread(available: int, wanted: int) -> npt.NDArray[np.int64]:
    """Indices of at most `wanted` of `available` frames, evenly spread.

    >>> spread(5, 3).tolist(), spread(2, 3).tolist()
    ([0, 2, 4], [0, 1])
    """
    return np.linspace(0, available - 1, min(available, wanted)).round().astype(np.int64)


def frames_of_each(sets: Sequence[Described]) -> int:
    """How many frames of a clip are compared, so that no set has more than `MOST_ROWS` of them."""
    return max(1, min(MOST_FRAMES, *(MOST_ROWS // max(1, len(one)) for one in sets)))
