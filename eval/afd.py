"""Average frame distance as EchoDFKD defines it (arXiv 2409.07566): a reference guides the choice of frame.

The reference says roughly where to look, so aFD is smaller than the error of a blind detector: report both.
Area curves are float (T,).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

Floats = npt.NDArray[np.float64]

AREA_THRESHOLD = 25  # of 255
PEAK_DISTANCE = 10  # frames
PEAK_PROMINENCE = 1.5  # standard deviations


def area_curve(prob: npt.NDArray[np.uint8]) -> Floats:
    """EchoDFKD's area curve: pixels above 25 in soft masks (T, H, W), 0..255 -> float (T,)."""
    return (prob > AREA_THRESHOLD).sum((1, 2)).astype(np.float64)


def z_scored(signal: npt.ArrayLike) -> Floats:
    """The signal (T,) less its mean, over its standard deviation; all zero when constant."""
    values = np.asarray(signal, dtype=np.float64)
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


def es_frame(area: npt.ArrayLike, reference: int) -> int | None:
    """ES frame guided by a reference frame; None on a constant curve.

    Of the runs of frames whose z-scored area lies below its median, take the one with an end nearest to the
    reference (the earlier of two as near), and in it the frame of smallest area.
    """
    z = z_scored(area)
    inside = np.flatnonzero(z < np.median(z))
    if not len(inside):
        return None
    blocks = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)
    block = min(blocks, key=lambda run: min(abs(run[0] - reference), abs(run[-1] - reference)))
    return int(block[np.argmin(z[block])])


def ed_frame(area: npt.ArrayLike, reference: int) -> int | None:
    """ED frame guided by a reference frame: `es_frame` of the negated curve."""
    return es_frame(-np.asarray(area, dtype=np.float64), reference)


def es_peaks(signal: npt.ArrayLike) -> tuple[int, ...]:
    """Troughs of a signal at least 10 frames apart, 1.5 standard deviations deep."""
    peaks = find_peaks(-z_scored(signal), distance=PEAK_DISTANCE, prominence=PEAK_PROMINENCE)[0]
    return tuple(int(frame) for frame in peaks)


def es_reference_from_signal(signal: npt.ArrayLike) -> int:
    """Reference frame for ES from a phase signal (T,) that is small in systole.

    The deepest of `es_peaks`; without any, the signal's minimum.
    """
    z = z_scored(signal)
    return min(es_peaks(signal), key=lambda frame: z[frame], default=int(np.argmin(z)))


def ed_reference_from_signal(signal: npt.ArrayLike) -> int:
    """Reference frame for ED: `es_reference_from_signal` of the negated signal."""
    return es_reference_from_signal(-np.asarray(signal, dtype=np.float64))


def distances(areas: Sequence[npt.ArrayLike], references: Sequence[int], kind: str) -> Floats:
    """|chosen - reference| in frames per clip, (N,); NaN on constant curves. `kind` is "ed" or "es"."""
    choose = {"ed": ed_frame, "es": es_frame}[kind]
    chosen = [choose(area, reference) for area, reference in zip(areas, references, strict=True)]
    gaps = [np.nan if c is None else abs(c - r) for c, r in zip(chosen, references, strict=True)]
    return np.array(gaps, dtype=np.float64)


def evaluate(
    areas: Sequence[npt.ArrayLike], ed_references: Sequence[int], es_references: Sequence[int]
) -> Iterator[tuple[str, float]]:
    """`afd_ed` and `afd_es`: mean distance in frames over clips whose curve moves; NaN without one."""
    for kind, references in (("ed", ed_references), ("es", es_references)):
        gaps = distances(areas, references, kind)
        gaps = gaps[np.isfinite(gaps)]
        yield f"afd_{kind}", float(gaps.mean()) if len(gaps) else np.nan
