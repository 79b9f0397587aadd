"""Whether synthetic clips are copies: for each its nearest reference clip, over all frames.

This measures; it removes nothing. What clips are compared by and where the threshold lies is the
re-identification filter's (`synth/privacy`), of clips as the comparison looks at them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.synth.privacy.copies import known_copy
from echodfkd.synth.privacy.fingerprint import Features, unit_rows
from echodfkd.synth.privacy.gallery import PROBES, Gallery, evenly, gallery_stride
from echodfkd.synth.privacy.spectrum import SpectrumFingerprint
from echodfkd.synth.privacy.threshold import Threshold

FINGERPRINT = SpectrumFingerprint()


@dataclass(frozen=True)
class Nearest:
    """The nearest reference clip of each of n clips.

    Attributes:
        match: (n,) its number. similarity: (n,) largest correlation of any two of their frames, -1..1.
    """

    match: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float32]

    @classmethod
    def among(cls, alike: npt.NDArray[np.float32]) -> "Nearest":
        """From similarities (n, N) to all reference clips."""
        return cls(alike.argmax(axis=1), alike.max(axis=1))


@dataclass(frozen=True)
class Searched:
    """Reference clips that are searched for copies.

    Attributes:
        gallery: the clips. others: the nearest other clip of each, or of 1,000 of them. copied: numbers of
            the clips that were copied on purpose. copies: the nearest clip of each such copy.
        threshold: from which a clip is told as a copy.
    """

    gallery: Gallery
    others: Nearest
    copied: npt.NDArray[np.int64]
    copies: Nearest
    threshold: Threshold

    def nearest(self, prints: Sequence[Features]) -> Nearest:
        """The nearest reference clip of each clip."""
        return Nearest.among(self.gallery.all_similarities(prints))

    def told(self, found: Nearest) -> npt.NDArray[np.bool_]:
        """Which clips are told as copies, (n,)."""
        return found.similarity >= self.threshold.value


def fingerprint(video: Frames) -> Features:
    """What a clip is recognised by: uint8 (T, S, S) -> float32 (T, D), rows of `unit_rows`."""
    return unit_rows(FINGERPRINT(video))


def fingerprint_of_copy(video: Frames, number: int) -> Features:
    """The same of a copy of reference clip `number` that was altered on purpose."""
    return fingerprint(known_copy(video, number))


def search(names: Sequence[str], prints: Sequence[Features], copies: Mapping[int, Features]) -> Searched:
    """Learn the threshold from reference clips, as the filter does.

    Args:
        names, prints: of the clips, two at least. copies: `fingerprint_of_copy` by number, one at least.
    """
    stride = gallery_stride(len(prints), len(prints[0]))
    gallery = Gallery.of(names, [one[::stride] for one in prints], stride)
    probes = evenly(len(prints), PROBES)
    others = Nearest.among(gallery.leave_one_out(probes, [prints[number] for number in probes.tolist()]))
    found = Nearest.among(gallery.all_similarities([*copies.values()]))
    threshold = Threshold(FINGERPRINT.rule, others.similarity, found.similarity)
    return Searched(gallery, others, np.array([*copies], np.int64), found, threshold)
