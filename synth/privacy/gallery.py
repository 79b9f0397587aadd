"""The clips that are searched for copies: features of their frames, clip after clip, in one matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.synth.privacy.fingerprint import Features

ROWS, COLUMNS = 1024, 8192  # frames compared at once: 32 MiB of correlations
STRIDES = (1, 3, 5, 7)  # odd, so that a copy at half the frame rate meets them too
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
