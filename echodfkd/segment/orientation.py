"""Whether a clip looks mirrored: a model is less sure of a heart whose sides are swapped."""

import numpy as np

from echodfkd.clip import Frames
from echodfkd.segmenter import Prob, Segmenter

# On 150 clips of `sim` and 14 real ones the right way round was never more than 1.2 times as doubtful as the
# mirrored one; of the same clips mirrored, two thirds were beyond 1.4. So a warning means something, its
# absence little.
_MORE_DOUBT = 1.4
_LOOK = 8  # frames; a single one misleads
_LEAST = 0.005  # of the square: less is no LV


def looks_mirrored(squares: Frames, segmenter: Segmenter) -> bool:
    """Whether the middle of a clip, uint8 (T, S, S) as the model is fed, suits it far better mirrored.

    Never of fewer than 8 frames.
    """
    if len(squares) < _LOOK:
        return False
    start = (len(squares) - _LOOK) // 2
    middle = np.ascontiguousarray(squares[start : start + _LOOK])
    as_fed = segmenter.predict(middle)
    mirrored = segmenter.predict(np.ascontiguousarray(middle[:, :, ::-1]))
    if min(float((prob >= 128).mean()) for prob in (as_fed, mirrored)) < _LEAST:
        return False
    return doubt(as_fed) > _MORE_DOUBT * doubt(mirrored)


def doubt(prob: Prob) -> float:
    """Mean of 1 - p over the LV's probability mass: sum p(1-p) / sum p, 0 = certain, or no LV at all."""
    p = prob.astype(np.float64) / 255
    return float((p * (1 - p)).sum() / max(p.sum(), 1e-9))
