"""The filter: a fingerprint, the training clips' features, and the threshold that they gave.

Protocol of arXiv 2406.00808, with all frames in place of each video's first. The set's own clips
stand for fresh ones, each against all others (leave one out): halves, as published, would be compared with
half as many clips, and so find their largest similarity too small.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.clipset import ClipSet
from echodfkd.errors import UsageError
from echodfkd.filelist import Record
from echodfkd.progress import Track, silent
from echodfkd.synth.privacy.copies import COPIES, known_copy
from echodfkd.synth.privacy.fingerprint import Features, Fingerprint, unit_rows
from echodfkd.synth.privacy.gallery import PROBES, Gallery, evenly, gallery_stride
from echodfkd.synth.privacy.spectrum import SpectrumFingerprint
from echodfkd.synth.privacy.threshold import Threshold

NEIGHBOURS = 5  # k of coverage


@dataclass(frozen=True)
class Verdict:
    """What the filter says of a clip: its nearest training clip, their similarity (-1..1), the outcome."""

    nearest: str
    similarity: float
    rejected: bool


@dataclass(frozen=True)
class PrivacyFilter:
    """Tells copies of training clips from fresh clips.

    Args:
        fingerprint: what frames are compared by. gallery: the training clips. threshold: see there.
        data: where they were read from. data_sha256: of all their frames.
        probes: indices (P,) of the training clips that stood for fresh ones.
        radii: float32 (P,), each one's k-th largest similarity to other probes: its ball, for coverage.
    """

    fingerprint: Fingerprint
    gallery: Gallery
    threshold: Threshold
    data: str
    data_sha256: str
    probes: npt.NDArray[np.int64]
    radii: npt.NDArray[np.float32]

    def similarities(self, frames: Frames) -> npt.NDArray[np.float32]:
        """Similarity of frames uint8 (T, H, W) to every training clip, float32 (N,), in -1..1."""
        return self.gallery.similarities(unit_rows(self.fingerprint(frames)))

    def judge(self, frames: Frames) -> Verdict:
        """Whether a clip, uint8 (T, H, W), may be kept: all of its frames are looked at."""
        return self.verdict(self.similarities(frames))

    def verdict(self, similarities: npt.NDArray[np.float32]) -> Verdict:
        """The verdict on a clip of these similarities (N,)."""
        nearest, largest = int(similarities.argmax()), round(float(similarities.max()), 4)
        return Verdict(self.gallery.names[nearest], largest, largest >= self.threshold.value)


def fit_filter(
    training: ClipSet, fingerprint: Fingerprint | None = None, *, track: Track = silent
) -> PrivacyFilter:
    """Learn the threshold from a training set; all its clips are searched for copies, whatever their split.

    Args:
        training: what the generator learned from, at least two clips.
        fingerprint: `SpectrumFingerprint` without. track: shows progress.

    Raises:
        UsageError: when there are fewer than two clips.
        EchoError: when a clip is unreadable.
    """
    if len(training) < 2:
        raise UsageError(
            f"--filter-privacy {training.root} needs two clips at least, it holds {len(training)}"
        )
    reading = _Reading(training, fingerprint or SpectrumFingerprint())
    for number, record in enumerate(track(training.records, "training clips")):
        reading.add(number, record)
    gallery = Gallery.of([r.name for r in training.records], reading.thinned, reading.stride)
    probes = evenly(len(training), PROBES)
    alike = gallery.leave_one_out(probes, track(reading.probes, "training clips among themselves"))
    copies = gallery.all_similarities(reading.copies)
    threshold = Threshold(reading.fingerprint.rule, alike.max(axis=1), copies.max(axis=1))
    return PrivacyFilter(
        fingerprint=reading.fingerprint,
        gallery=gallery,
        threshold=threshold,
        data=str(training.root),
        data_sha256=reading.hash.hexdigest(),
        probes=probes,
        radii=_radii(alike[:, probes]),
    )


class _Reading:
    """What one pass over the training clips leaves: features for the gallery, of probes and of copies."""

    def __init__(self, training: ClipSet, fingerprint: Fingerprint) -> None:
        self.training, self.fingerprint = training, fingerprint
        self.stride = gallery_stride(len(training), len(training.load(0, masks=False)))
        self.hash = hashlib.sha256()
        self.thinned: list[Features] = []
        self.probes: list[Features] = []
        self.copies: list[Features] = []
        self._probes = {*evenly(len(training), PROBES).tolist()}
        self._copied = {*evenly(len(training), COPIES).tolist()}

    def add(self, number: int, record: Record) -> None:
        """Read clip `number`."""
        frames = self.training.load(record, masks=False).frames
        self.hash.update(f"{record.name} {frames.shape} ".encode())
        self.hash.update(frames.tobytes())
        if number in self._probes:
            self.probes.append(unit_rows(self.fingerprint(frames)))
            self.thinned.append(self.probes[-1][:: self.stride])
        else:
            self.thinned.append(unit_rows(self.fingerprint(frames[:: self.stride])))
        if number in self._copied:
            self.copies.append(unit_rows(self.fingerprint(known_copy(frames, number))))


def _radii(alike: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The k-th largest similarity of each column; the diagonal holds -1."""
    neighbours = min(NEIGHBOURS, len(alike) - 1)
    return np.asarray(np.sort(alike, axis=0)[-neighbours])
