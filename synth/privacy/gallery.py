"""The clips that are searched for copies: features of their frames, clip after clip, in one matrix."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.synth.privacy.fingerprint import Features

ROWS, COLUMNS = 1024, 8192  # frames compared at once: 32 MiB of correlations
STRIDES = (1, 3, 5, 7)  # odd, so that a copy at half the frame rate meets them too
PROBES = 1000  # clips of a set, evenly chosen, that stand for fresh ones
BUDGET = 25_000  # frames of a gallery that are kept if a stride of up to 7 does it


def gallery_stride(clips: int, frames: int) -> int:
    """Every how many frames of a gallery are kept, for so many clips of so many frames.

    Whoever looks for a copy looks with all of its frames. So a run of `stride` copied frames in a row holds
    one that is compared with its very self; of a shorter run, a frame at most stride // 2 away is.
    """
    return next((stride for stride in STRIDES if clips * frames <= stride * BUDGET), STRIDES[-1])


@dataclass(frozen=True)
class Gallery:
    """Clips to be compared with.

    Args:
        names: of the N clips. features: float32 (K, D), rows of `unit_rows`. starts: each clip's first row.
        stride: every how many of their frames are kept.
    """

    names: tuple[str, ...]
    features: Features
    starts: npt.NDArray[np.int64]
    stride: int

    @classmethod
    def of(cls, names: Sequence[str], clips: Sequence[Features], stride: int) -> "Gallery":
        """From the features (t, D) of each clip, already thinned."""
        starts = np.cumsum([0, *map(len, clips[:-1])])
        return cls(tuple(names), np.concatenate(clips), starts, stride)

    def __len__(self) -> int:
        """Number of clips N."""
        return len(self.names)

    def similarities(self, probe: Features) -> npt.NDArray[np.float32]:
        """The largest correlation of any frame with any frame of each clip, float32 (N,), in -1..1.

        Args:
            probe: float32 (T, D), rows of `unit_rows`.
        """
        best = np.full(len(self.features), -1.0, np.float32)
        for top in range(0, len(probe), ROWS):
            part = probe[top : top + ROWS]
            for left in range(0, len(best), COLUMNS):
                block = slice(left, left + COLUMNS)
                np.maximum(best[block], (part @ self.features[block].T).max(axis=0), out=best[block])
        # rounded: the last bits of a product depend on how many threads made it
        return np.maximum.reduceat(best, self.starts).round(5)

    def all_similarities(self, probes: Iterable[Features]) -> npt.NDArray[np.float32]:
        """`similarities` of each of n clips, float32 (n, N)."""
        return np.stack([self.similarities(probe) for probe in probes])

    def leave_one_out(
        self, numbers: npt.NDArray[np.int64], probes: Iterable[Features]
    ) -> npt.NDArray[np.float32]:
        """Similarities of clips of the gallery, so numbered, to all others, float32 (n, N); -1 to itself."""
        alike = self.all_similarities(probes)
        alike[np.arange(len(numbers)), numbers] = -1.0  # a clip is no copy of itself
        return alike


def evenly(clips: int, most: int) -> npt.NDArray[np.int64]:
    """Numbers of at most `most` of so many clips, ascending.

    >>> evenly(9, 3).tolist()
    [0, 4, 8]
    """
    return np.unique(np.linspace(0, clips - 1, min(clips, most)).round().astype(np.int64))
