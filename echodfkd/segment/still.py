"""Clips in which nothing moves, a frozen picture or a repeated one: no curve makes a beat of them."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from echodfkd.beats import Events
from echodfkd.segment.measure import Findings, no_lv

# Grey levels, mean over the lit pixels. Between neighbouring frames a still differs by 0 once its codec has
# settled; real clips and those of `sim` by 2.6 and more. Fast clips may differ less, but their standard
# deviation over time does not shrink: 8 and more mostly, where stills through H.264 or MPEG-4 reached 6.
_STEP, _STEP_SHARE, _SPREAD = 1.0, 0.05, 8.0
_MOST = 75  # percentile of the steps: key frames renew a still, and frames stored twice halt a moving clip

NOTHING_MOVES = "Nothing moves: every frame shows the same picture, so there is no beat and no EF."


class MotionMeter:
    """Watches frames pass and knows how much they differed; holds three frames and a number each."""

    def __init__(self) -> None:
        self._steps: list[float] = []
        self._before: npt.NDArray[np.float64] | None = None
        self._sum: npt.NDArray[np.float64] = np.zeros(1)
        self._squares: npt.NDArray[np.float64] = np.zeros(1)

    def watch(self, frames: Iterable[npt.NDArray[np.uint8]]) -> Iterator[npt.NDArray[np.uint8]]:
        """The same frames, uint8 (S, S) each, all of one size."""
        for frame in frames:
            values = frame.astype(np.float64)
            if self._before is not None:
                self._steps.append(_lit_mean(np.abs(values - self._before), np.maximum(values, self._before)))
            self._before = values
            self._sum = self._sum + values
            self._squares = self._squares + values**2
            yield frame

    def nothing_moves(self) -> bool:
        """Whether two or more frames went by, all the same but for coding noise; False if all are black."""
        if not self._steps or not self._sum.any():
            return False
        count = len(self._steps) + 1
        mean = self._sum / count
        deviation = np.sqrt(np.maximum(self._squares / count - mean**2, 0))
        step = float(np.percentile(self._steps, _MOST))
        limit = min(_STEP, _STEP_SHARE * _lit_mean(mean, mean))
        return step < limit and _lit_mean(deviation, mean) < _SPREAD


def _lit_mean(values: npt.NDArray[np.float64], shown: npt.NDArray[np.float64]) -> float:
    """Mean of values where something is shown; 0 where nothing is."""
    return float(values.sum() / max((shown > 0).sum(), 1))


def at_rest(area_px: npt.NDArray[np.float64], sector_px: int) -> Findings:
    """What is found in a clip in which nothing moves: no events, no beats, no EF; a mask at most."""
    nothing = no_lv(area_px, sector_px)
    warnings = (NOTHING_MOVES,) if nothing is None else (NOTHING_MOVES, nothing)
    return Findings(events=Events(), beats=(), ef=None, heart_rate_bpm=None, warnings=warnings)
