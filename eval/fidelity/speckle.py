"""What the speckle of a clip is like: how its greys spread, how long its grains are and how long they live.

All of it is of grey levels as they are displayed, after the scanner's own compression, so the figures of
theory (Rayleigh: SNR 1.91, skewness .63, Nakagami m 1) hold for an envelope, not for a clip on a screen.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.stats import wasserstein_distance

from echodfkd.clip import BoolMask, Frames
from echodfkd.eval.fidelity.frechet import Floats
from echodfkd.fan import find_fan

Texture = npt.NDArray[np.float32]  # (T, H, W), grey over its surroundings, around 1; 0 where nothing is seen

TREND = 0.054  # of the side: deviation of the Gaussian that is the slow brightness trend (6 pixels of 112)
LIT = 20.0  # grey level of the trend above which there is speckle to see
LAGS_MS = (40.0, 100.0, 200.0)
LONGEST = 8  # pixels along which grains are followed, of 112
FEWEST_PIXELS = 100


@dataclass(frozen=True)
class Statistic:
    """One number of a clip's speckle."""

    title: str
    unit: str
    definition: str


STATISTICS: dict[str, Statistic] = {
    "snr": Statistic("SNR of the grey levels", "", "mean over standard deviation"),
    "skewness": Statistic("Skewness of the grey levels", "", "third standardised moment"),
    "nakagami": Statistic(
        "Nakagami m", "", "mean^2 / variance of the squared grey levels (inverse normalised variance)"
    ),
    "k_shape": Statistic(
        "K shape (X)", "", "E[I log I] / E[I] - E[log I] of I = grey^2 (Destrempes & Cloutier 2013)"
    ),
    "axial": Statistic("Grain length, axial", "pixels", "full width at half maximum along columns"),
    "lateral": Statistic("Grain length, lateral", "pixels", "full width at half maximum along rows"),
    **{
        f"same_{lag:.0f}ms": Statistic(
            f"Correlation after {lag:.0f} ms",
            "",
            "of the texture in the same pixels; motion lowers it",
        )
        for lag in LAGS_MS
    },
    "lifetime": Statistic(
        "Decorrelation time", "ms", "until that correlation is below 1/2; at most half of what is seen"
    ),
}


def speckle(video: Frames, rate: float) -> Floats:
    """The numbers of `STATISTICS`, in their order; NaN where a clip does not show them.

    Args:
        video: uint8 (T, H, W) with the ultrasound in it. rate: Hz.
    """
    seen = texture(video)
    values = seen[seen > 0].astype(np.float64)
    if len(values) < FEWEST_PIXELS * len(video):
        return np.full(len(STATISTICS), np.nan)
    return np.array([*first_order(values), *_grains(seen), *_life(seen, rate)])


def texture(video: Frames) -> Texture:
    """Grey levels over the slow trend around them, inside the sector; 0 where it is dark or outside."""
    fan = find_fan(video[:: max(1, len(video) // 16)])
    sector = np.ones(video.shape[1:], bool) if fan is None else _inner(fan)
    deviation = TREND * min(video.shape[1:])
    out = np.zeros(video.shape, np.float32)
    for frame, into in zip(video, out, strict=True):
        grey = np.maximum(frame.astype(np.float32), 1)  # so that its logarithm is known
        trend = cv2.GaussianBlur(grey, (0, 0), deviation)
        lit = sector & (trend > LIT)
        into[lit] = grey[lit] / trend[lit]
    return out


def _inner(fan: BoolMask) -> BoolMask:
    """Without the border, where the trend sees the black around."""
    side = 2 * round(TREND * min(fan.shape)) + 1
    return np.asarray(cv2.erode(np.pad(fan, 1).astype(np.uint8), np.ones((side, side), np.uint8)) > 0)[
        1:-1, 1:-1
    ]


def first_order(values: Floats) -> tuple[float, float, float, float]:
    """SNR, skewness, Nakagami m and the X of K distributions, of positive amplitudes (n,).

    >>> rayleigh = np.random.default_rng(0).rayleigh(1.0, 400_000)
    >>> [round(value, 1) for value in first_order(rayleigh)]
    [1.9, 0.6, 1.0, 1.0]
    """
    mean, deviation = values.mean(), values.std()
    power = np.square(values)
    log = np.log(power)
    return (
        float(mean / deviation) if deviation else np.nan,
        float(((values - mean) ** 3).mean() / deviation**3) if deviation else np.nan,
        float(power.mean() ** 2 / power.var()) if deviation else np.nan,
        float((power * log).mean() / power.mean() - log.mean()),
    )


def _grains(seen: Texture) -> Iterator[float]:
    """Full widths at half maximum of the autocorrelation, axial and lateral."""
    longest = max(2, round(LONGEST * min(seen.shape[1:]) / 112))
    for axis in (1, 2):
        lines = np.moveaxis(seen, axis, 0)
        curve = [1.0, *(correlation(lines[:-lag], lines[lag:]) for lag in range(1, longest + 1))]
        yield 2 * below_half(np.array(curve))


def _life(seen: Texture, rate: float) -> Iterator[float]:
    """Correlations after `LAGS_MS`, and the time in ms until it is below a half."""
    most = max(1, len(seen) // 2)
    curve = [1.0, *(correlation(seen[:-lag], seen[lag:]) for lag in range(1, most + 1) if lag < len(seen))]
    times = np.arange(len(curve)) * 1000 / rate
    for lag in LAGS_MS:
        # between frames it is interpolated, but not between a frame and itself
        known = len(curve) > 2 and times[1] <= lag * 1.02 <= times[-1] * 1.02
        yield float(np.interp(lag, times, curve)) if known else np.nan
    yield below_half(np.array(curve)) * 1000 / rate if len(curve) > 2 else np.nan


def correlation(x: Texture, y: Texture) -> float:
    """Pearson correlation over the pixels that show speckle in both; NaN over too few."""
    both = (x > 0) & (y > 0)
    if both.sum() < FEWEST_PIXELS:
        return np.nan
    first, second = x[both], y[both]
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt(np.square(first).sum(dtype=np.float64) * np.square(second).sum(dtype=np.float64))
    return float(np.multiply(first, second).sum(dtype=np.float64) / scale) if scale else np.nan


def below_half(curve: Floats) -> float:
    """Where a curve that starts at 1 first falls below 1/2, in samples, interpolated; its end if never.

    >>> below_half(np.array([1.0, 0.75, 0.25])), below_half(np.ones(4))
    (1.5, 3.0)
    """
    low = np.flatnonzero(curve < 0.5)
    if not len(low):
        return float(len(curve) - 1)
    at = int(low[0])
    above, below = curve[at - 1], curve[at]
    return float(at - 1 + (above - 0.5) / (above - below))


def distances(a: Floats, b: Floats) -> Floats:
    """1-D Wasserstein distance of each statistic, in standard deviations of the reference.

    Args:
        a, b: (n, statistics) of the synthetic and the reference clips.

    Returns:
        (statistics,); NaN where one side does not know a statistic, or it is the same in all reference clips.
    """
    found = []
    for x, y in zip(a.T, b.T, strict=True):
        x, y = x[np.isfinite(x)], y[np.isfinite(y)]
        spread = y.std() if len(y) > 1 else 0.0
        found.append(wasserstein_distance(x, y) / spread if len(x) and spread > 1e-9 else np.nan)
    return np.array(found)


def speckle_distance(a: Floats, b: Floats) -> float:
    """Mean of `distances` over the statistics that are known; NaN without any."""
    each = distances(a, b)
    known = each[np.isfinite(each)]
    return float(known.mean()) if len(known) else float("nan")
