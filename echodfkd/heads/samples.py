"""Training samples of a head, and what the masks alone say of a clip's EF."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from echodfkd.beats import detect_events, filling, pair_beats
from echodfkd.heads.augment import augmented
from echodfkd.heads.channels import CHANNELS, CLOCK_HZ, channels, steps
from echodfkd.heads.curves import ClipCurves
from echodfkd.heads.network import naive_input
from echodfkd.turns import Curve
from echodfkd.volume import ejection_fraction

NEAR_S = 0.04  # sigma of the heat around a true event
LOST, SHIFT = 0.3, 0.3  # chance that a channel is lost, and spread of its offset, in training
CORE = slice(0, 8)  # areas, length, volume and widths over time


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded clips and their targets; B clips of up to N steps.

    Attributes:
        curves: (B, C, N). naive: (B, 3). inside: (B, N). heat: (B, 2, N) in 0..1. fullness: (B, N) in 0..1.
        ef: (B,) in percent, NaN where the head has nothing to learn. lv: (B,), 1 for an apical LV.
    """

    curves: Tensor
    naive: Tensor
    inside: Tensor
    heat: Tensor
    fullness: Tensor
    ef: Tensor
    lv: Tensor


def masks_ef(area: Curve, volume: Curve, fps: float) -> tuple[float | None, bool]:
    """EF in percent by the masks alone, as the mean over complete beats; and whether it is of half a beat.

    Args:
        area, volume: (T,) of the clean masks, any unit, 0 without an LV. fps: Hz.
    """
    events = detect_events(area, fps)
    beats = pair_beats(events, len(area)) or filling(events)
    whole = [beat for beat in beats if beat.complete]
    found = [
        ejection_fraction(float(volume[beat.ed]), float(volume[beat.es]))
        for beat in whole or beats
        if volume[beat.ed] > 0 and volume[beat.es] > 0
    ]
    return (float(np.mean(found)) if found else None), not whole


def batch_of(clips: Sequence[ClipCurves]) -> Batch:
    """Clips as they are, padded to the longest."""
    curves = [channels(clip.rows, clip.fps) for clip in clips]
    longest = max(one.shape[1] for one in curves)
    filled = np.zeros((len(clips), CHANNELS + 4, longest), np.float32)
    for row, one, clip in zip(filled, curves, clips, strict=True):
        at = steps(len(clip), clip.fps)
        row[:CHANNELS, : len(at)], row[CHANNELS, : len(at)] = one, 1
        row[CHANNELS + 1, : len(at)] = _heat(clip.ed, at, clip.fps)
        row[CHANNELS + 2, : len(at)] = _heat(clip.es, at, clip.fps)
        row[CHANNELS + 3, : len(at)] = np.interp(at, np.arange(len(clip)), clip.fullness)
    found = [masks_ef(clip.area, clip.volume, clip.fps) for clip in clips]
    ef = [np.nan if masks is None else clip.ef for clip, (masks, _) in zip(clips, found, strict=True)]
    timed = torch.from_numpy(filled)
    return Batch(
        timed[:, :CHANNELS],
        torch.from_numpy(np.stack([naive_input(*one) for one in found])),
        timed[:, CHANNELS],
        timed[:, CHANNELS + 1 : CHANNELS + 3],
        timed[:, CHANNELS + 3],
        torch.tensor(ef, dtype=torch.float32),
        torch.tensor([clip.is_lv for clip in clips], dtype=torch.float32),
    )


def training_batch(clips: Sequence[ClipCurves], size: int, seed: int, step: int) -> Batch:
    """Batch `step` of a training: clips drawn and augmented from (seed, step) alone."""
    rng = np.random.default_rng((seed, step))
    batch = batch_of([augmented(clips[int(k)], rng) for k in rng.integers(len(clips), size=size)])
    return replace(batch, curves=_unreliable(batch.curves, rng) * batch.inside[:, None])


def _unreliable(curves: Tensor, rng: np.random.Generator) -> Tensor:
    """Channels lost or shifted at random, so that none decides alone: on real masks any may be off.

    The size curves stay whole: what the heart does is in them.
    """
    shape = (*curves.shape[:2], 1)
    kept = rng.random(shape) >= LOST
    kept[:, CORE] = True
    shift = SHIFT * rng.standard_normal(shape)
    shift[:, CORE] *= 0.2
    return (curves + torch.from_numpy(shift).float()) * torch.from_numpy(kept)


def _heat(events: Curve, at: Curve, fps: float) -> Curve:
    """1 at an event, falling with its distance in time: (N,)."""
    if not len(events):
        return np.zeros(len(at))
    away = np.abs(at[:, None] - events).min(1) / fps
    return np.asarray(np.exp(-0.5 * (away / max(NEAR_S, 0.5 / CLOCK_HZ)) ** 2))
