"""Curves as worse masks would give them, so that a head does not rely on simulated ones being good.

All randomness comes from the generator handed in; a clip's labels move with it.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from echodfkd.heads.curves import ClipCurves
from echodfkd.heads.features import FEATURES

MIN_FRAMES, MIN_FPS = 10, 6.5  # what thinning and cutting leave at least
LARGE_ES = (-0.02, 0.15)  # by how much of its area a mask is too large at ES, as seen on real clips
AREAS = [FEATURES.index(name) for name in ("area_soft", "area_30", "area_50", "area_70")]
LENGTHS = [FEATURES.index(name) for name in ("length", "width_20", "width_40", "width_60", "width_80")]
BODY = [AREAS[1], AREAS[3], *LENGTHS]
PLACE, WHOLE = [FEATURES.index(name) for name in ("x", "y", "tilt")], FEATURES.index("whole")
VOLUME, DOUBT = FEATURES.index("volume"), FEATURES.index("doubt")


def augmented(clip: ClipCurves, rng: np.random.Generator) -> ClipCurves:
    """The clip thinned, cut, with masks too large at ES, noisy, and with a frame lost; each by chance."""
    clip = _thinned(clip, rng) if rng.random() < 0.4 else clip
    chance = rng.random()
    clip = _half_beat(clip, rng) if chance < 0.15 else _window(clip, rng) if chance < 0.45 else clip
    clip = _large_es(clip, rng.uniform(*LARGE_ES)) if rng.random() < 0.5 else clip
    clip = _noisy(clip, rng)
    clip = _with_bad_frames(clip, rng) if rng.random() < 0.4 else clip
    return _with_lost_frame(clip, rng) if rng.random() < 0.1 else clip


def taken(clip: ClipCurves, start: int, stop: int, stride: int = 1) -> ClipCurves:
    """Frames start, start + stride, ... below stop, with the events between them."""
    frames = np.arange(start, stop, stride)
    ed, es = ((kind - start) / stride for kind in (clip.ed, clip.es))
    inside = [kind[(kind >= -0.5) & (kind <= len(frames) - 0.5)] for kind in (ed, es)]
    moved = [np.clip(kind, 0, len(frames) - 1) for kind in inside]
    per_frame = {name: getattr(clip, name)[frames] for name in ("rows", "area", "volume", "fullness")}
    return replace(clip, **per_frame, fps=clip.fps / stride, ed=moved[0], es=moved[1])


def _thinned(clip: ClipCurves, rng: np.random.Generator) -> ClipCurves:
    most = int(min(clip.fps / MIN_FPS, len(clip) / MIN_FRAMES))
    if most < 2:
        return clip
    stride = int(rng.integers(2, most + 1))
    return taken(clip, int(rng.integers(stride)), len(clip), stride)


def _window(clip: ClipCurves, rng: np.random.Generator) -> ClipCurves:
    least = max(MIN_FRAMES, int(np.ceil(clip.fps)))
    if len(clip) <= least:
        return clip
    length = int(rng.integers(least, len(clip) + 1))
    start = int(rng.integers(len(clip) - length + 1))
    return taken(clip, start, start + length)


def _half_beat(clip: ClipCurves, rng: np.random.Generator) -> ClipCurves:
    """From an ED to its ES, or from an ES to the next ED, both included."""
    marks = sorted([round(float(f)) for f in (*clip.ed, *clip.es)])
    spans = [(a, b) for a, b in pairwise(marks) if b - a >= 4 and b < len(clip)]
    if not spans:
        return clip
    start, stop = spans[int(rng.integers(len(spans)))]
    return taken(clip, start, stop + 1)


def _large_es(clip: ClipCurves, by: float) -> ClipCurves:
    return _scaled(clip, 1 + by * (1 - clip.fullness))


def _scaled(clip: ClipCurves, factor: npt.NDArray[np.float64]) -> ClipCurves:
    """Areas times factor (T,); lengths grow with its root, volumes with its root cubed."""
    rows = clip.rows.copy()
    rows[:, AREAS] *= factor[:, None]
    rows[:, LENGTHS] *= np.sqrt(factor)[:, None]
    rows[:, VOLUME] *= factor**1.5
    return replace(clip, rows=rows, area=clip.area * factor, volume=clip.volume * factor**1.5)


def _noisy(clip: ClipCurves, rng: np.random.Generator) -> ClipCurves:
    """White noise and a slow wave on the masks' size, white noise on each measure, doubt off by a factor."""
    frames, level = len(clip), rng.uniform(0, 0.025)
    wave = rng.uniform(0, 0.02) * np.sin(rng.uniform(1, 9) * np.arange(frames) / frames + rng.uniform(0, 6.3))
    clip = _scaled(clip, np.exp(level * rng.standard_normal(frames) + wave))
    rows = clip.rows * (1 + 0.5 * level * rng.standard_normal(clip.rows.shape)).astype(np.float32)
    rows[:, DOUBT] *= rng.uniform(0.7, 1.6)
    return replace(clip, rows=rows)


def _with_bad_frames(clip: ClipCurves, rng: np.random.Generator) -> ClipCurves:
    """Up to three short stretches where the mask runs out of the LV or falls to pieces, and looks unsure."""
    centres = rng.uniform(0, len(clip), int(rng.integers(1, 4)))
    spread = clip.fps * rng.uniform(0.02, 0.12, len(centres))
    away = (np.arange(len(clip))[:, None] - centres) / np.maximum(spread, 0.4)
    bad = np.exp(-0.5 * away**2)  # (T, stretches)
    clip = _scaled(clip, np.exp(bad @ rng.normal(0, 0.12, len(centres))))
    rows = clip.rows.copy()
    rows[:, BODY] *= np.exp(bad @ rng.normal(0, 0.12, (len(centres), len(BODY))))
    rows[:, DOUBT] *= 1 + bad @ rng.uniform(0, 3, len(centres))
    rows[:, PLACE] += bad @ (rng.normal(0, 1, (len(centres), 3)) * (0.04, 0.04, 0.2))
    rows[:, WHOLE] *= 1 - bad.max(1) * rng.uniform(0, 0.3)
    return replace(clip, rows=rows)


def _with_lost_frame(clip: ClipCurves, rng: np.random.Generator) -> ClipCurves:
    rows, area, volume = clip.rows.copy(), clip.area.copy(), clip.volume.copy()
    lost = int(rng.integers(len(clip)))
    rows[lost], area[lost], volume[lost] = 0, 0, 0
    return replace(clip, rows=rows, area=area, volume=volume)
