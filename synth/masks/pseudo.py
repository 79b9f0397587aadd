"""The paper's pseudo-image: label maps as grey pictures, their greys moved to those of a reference.

Free-Echo (arXiv 2408.03035): background 0, cone .5, LV 0, myocardium 1, left atrium .2, then optimal
transport of grey alone, which in one dimension is the map between quantiles.
"""

import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Frames, Label
from echodfkd.errors import EchoError
from echodfkd.fan import find_fan
from echodfkd.synth.masks.maps import LabelVideo

LEVELS: dict[Label, float] = {  # inside the cone, 0 black .. 1 white; outside it all is black
    Label.BACKGROUND: 0.5,
    Label.LV: 0.0,
    Label.MYOCARDIUM: 1.0,
    Label.LA: 0.2,
    Label.RV: 0.0,  # the right heart as the left
    Label.RA: 0.2,
}
GREYS = 256

Histogram = npt.NDArray[np.generic]  # (256,), how often each grey is seen inside the cone


def pseudo_video(video: LabelVideo, histogram: Histogram | None = None) -> npt.NDArray[np.float32]:
    """Label maps as grey pictures: float32 (T, H, W) in -1..1, -1 outside the cone.

    One map of greys serves all frames, so that a tissue keeps its grey as the chambers change.

    Args:
        video: (T, H, W) with a cone.
        histogram: counts of the reference's greys inside its cone (256,), see `grey_histogram`; None leaves
            the levels as they are.

    Raises:
        EchoError: without a cone, or for a histogram that is none.
    """
    if video.cone is None or not video.cone.any():
        raise EchoError("a pseudo-image needs a cone: complete the label map first")
    levels = np.array([LEVELS[label] for label in Label])[video.mask]
    inside = np.broadcast_to(video.cone, levels.shape)
    picture = np.full(levels.shape, -1.0, np.float32)
    grey = levels[inside] if histogram is None else quantile_map(levels[inside], histogram) / (GREYS - 1)
    picture[inside] = 2 * grey - 1
    return picture


def quantile_map(values: npt.NDArray[np.floating], histogram: Histogram) -> npt.NDArray[np.float64]:
    """Move values to a reference's greys by optimal transport in one dimension: monotone, any shape -> same.

    The value of rank r goes to the reference's quantile r. Equal values stay equal: they go to the mean of
    the greys that they would share (the barycentric projection of the transport plan).

    Args:
        values: any unit; only their order counts.
        histogram: counts (256,), of greys 0..255.

    Returns:
        float64, greys 0..255.

    Raises:
        EchoError: for a histogram of another shape, with negative or no counts.
    """
    counts = _checked(histogram)
    _, rank, share = np.unique(values, return_inverse=True, return_counts=True)
    mass = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    moment = np.concatenate([[0.0], np.cumsum(counts * np.arange(GREYS)) / counts.sum()])
    edges = np.concatenate([[0.0], np.cumsum(share) / values.size])
    means = np.diff(np.interp(edges, mass, moment)) / np.diff(edges)
    return np.asarray(means[rank.reshape(values.shape)])


def grey_histogram(frames: Frames, cone: BoolMask | None = None) -> npt.NDArray[np.int64]:
    """Greys of reference frames inside their cone: uint8 (T, H, W) -> counts (256,).

    Args:
        cone: bool (H, W); None looks for it, and takes the whole frame where it finds none.
    """
    found = find_fan(frames) if cone is None else cone
    inside = frames if found is None else frames[:, found]
    return np.bincount(inside.ravel(), minlength=GREYS)


def _checked(histogram: Histogram) -> npt.NDArray[np.float64]:
    counts = np.asarray(histogram, np.float64)
    if counts.shape != (GREYS,) or not (counts >= 0).all() or not 0 < counts.sum() < np.inf:
        raise EchoError(
            f"a grey histogram must be {GREYS} counts, not all of them 0, got shape {counts.shape}"
        )
    return counts
