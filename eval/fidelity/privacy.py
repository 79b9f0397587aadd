"""Whether synthetic clips are copies: for each its nearest training clip, over all frames.

This measures; it removes nothing. A picture of a frame is a grid of ranks (N cells); what all training
clips have in common is taken off before pictures are correlated.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from echodfkd.clip import Frames
from echodfkd.errors import EchoError

Fingerprint = npt.NDArray[np.float32]  # (T, N), ranks of the cells of each frame, -1..1
Floats = npt.NDArray[np.float64]
GRID = 14  # cells a side: of 8 pixels of 112, so that 3 pixels hardly matter
FOLDS = 8  # parts of the training clips
OVERLAP = 0.5  # of the shorter clip that must lie side by side, at any shift of the start
PERCENTILE = 95.0


class Nearest(NamedTuple):
    """The nearest training clip of each synthetic one.

    Attributes:
        match: (n,) its number. similarity: (n,) mean correlation over frames at the best shift, -1..1.
    """

    match: npt.NDArray[np.int64]
    similarity: Floats


def fingerprint(video: Frames) -> Fingerprint:
    """What makes a clip itself, whatever its start, codec and grey curve: uint8 (T, S, S) -> (T, N).

    Every frame counts. Ranks do not change with gamma, a blurred grid little with 3 pixels or a codec.
    """
    side = video.shape[1]
    blurred = (cv2.GaussianBlur(frame.astype(np.float32), (0, 0), side / GRID / 2) for frame in video)
    cells = np.stack([cv2.resize(frame, (GRID, GRID), interpolation=cv2.INTER_AREA) for frame in blurred])
    ranks = rankdata(np.rint(cells).reshape(len(video), -1), axis=1)
    return (2 * ranks / ranks.shape[1] - 1).astype(np.float32)


def nearest(synthetic: Sequence[Fingerprint], training: Sequence[Fingerprint]) -> Nearest:
    """For each synthetic clip the training clip that it resembles most, and how much.

    Raises:
        EchoError: without any training clip.
    """
    if not training:
        raise EchoError("there are no training clips to resemble")
    common = np.mean([clip.mean(0) for clip in training], axis=0)
    pool = [_units(clip - common) for clip in training]
    best, likeness = [], []
    for query in synthetic:
        units = _units(query - common)
        found = [similarity(units, other) for other in pool]
        best.append(int(np.argmax(found)))
        likeness.append(found[best[-1]])
    return Nearest(np.array(best, np.int64), np.array(likeness))


def nearest_others(training: Sequence[Fingerprint]) -> Nearest:
    """The same for each training clip among other training clips: what clips that are no copies share.

    A part of them at a time (`FOLDS`) is compared with all the others, as if it were synthetic: what training
    clips have in common is then known without them, as it is for synthetic clips.

    Raises:
        EchoError: for fewer than two clips.
    """
    count = len(training)
    if count < 2:
        raise EchoError("one training clip has no other to resemble")
    match, likeness = np.empty(count, np.int64), np.empty(count)
    folds = np.arange(count) % min(FOLDS, count)
    for fold in np.unique(folds):
        asked, pool = (np.flatnonzero(part).tolist() for part in (folds == fold, folds != fold))
        found = nearest([training[at] for at in asked], [training[at] for at in pool])
        match[asked], likeness[asked] = np.array(pool)[found.match], found.similarity
    return Nearest(match, likeness)


def _units(vectors: Fingerprint) -> Fingerprint:
    """Centred and of unit length, so that products are correlations; a flat frame resembles nothing."""
    vectors = vectors - vectors.mean(1, keepdims=True)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def similarity(a: Fingerprint, b: Fingerprint) -> float:
    """Mean over frames of the correlation of two clips of unit vectors, at the shift of the start where it
    is largest.

    >>> x = np.eye(4, dtype=np.float32)
    >>> similarity(x, x[1:]), similarity(x[:2], x[2:])
    (1.0, 0.0)
    """
    rows, columns = len(a), len(b)
    # Each row one place further to the left: shifts of the start become columns
    laid = np.zeros((rows, rows + columns), np.float32)
    laid[:, :columns] = (a @ b.T)[::-1]
    sums = laid.ravel()[: rows * (rows + columns - 1)].reshape(rows, -1).sum(0)
    shift = np.arange(rows + columns - 1)
    overlap = np.minimum(np.minimum(shift + 1, shift[::-1] + 1), min(rows, columns))
    enough = overlap >= OVERLAP * min(rows, columns)
    return float((sums[enough] / overlap[enough]).max())


def altered(video: Frames) -> Frames:
    """A copy that is to be recognised: later start, 3 pixels aside, another gamma, JPEG; uint8 (T', S, S)."""
    moved = np.roll(video[len(video) // 4 :], (3, -3), axis=(1, 2))
    curve = np.rint(255 * (np.arange(256) / 255) ** 0.75).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 60]
    coded = (cv2.imencode(".jpg", curve[frame], quality)[1] for frame in moved)
    decoded = (cv2.imdecode(one, cv2.IMREAD_GRAYSCALE) for one in coded)
    return np.stack([np.asarray(one, np.uint8) for one in decoded])


def threshold(between_training: Nearest) -> float:
    """The similarity that one training clip in twenty exceeds."""
    return float(np.percentile(between_training.similarity, PERCENTILE, method="higher"))
