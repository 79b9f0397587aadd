"""Training a head on the curves of labelled clips, and settling its interval on clips it never saw."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from echodfkd.errors import EchoError
from echodfkd.heads.curves import ClipCurves
from echodfkd.heads.head import Head
from echodfkd.heads.network import QUANTILES, HeadNetwork, Output
from echodfkd.heads.samples import Batch, masks_ef, training_batch
from echodfkd.progress import Track, silent
from echodfkd.turns import Curve

COVERAGE = 0.9  # of the intervals
SHARES = (0.0, 0.25, 0.5)  # never more: half of the EF stays with what can be seen on the pictures
FALSE_ALARMS = 0.01  # share of apical clips that may be called no LV
STRETCHES = np.linspace(1, 1.25, 26)
CENTRES = (30.0, 75.0)  # percent: where an EF may be left as it is
DEARER = 1.05  # by how much the stretch may raise the error of EF
SURE = 0.001  # and never one with a better chance: to refuse a heart is worse than to say one's doubts of it
EVENT_WEIGHT = 6.0  # events fill a tenth of the time


@dataclass(frozen=True)
class HeadRecipe:
    """How a head learns.

    Attributes:
        steps: optimiser steps. batch: clips a step. rate: peak learning rate (AdamW, half a cosine to zero).
    """

    steps: int = 2000
    batch: int = 32
    rate: float = 3e-3
    decay: float = 0.02
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, after 50 steps of warm-up."""
        return self.rate * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / self.steps))


def fit(clips: Sequence[ClipCurves], recipe: HeadRecipe, track: Track = silent) -> HeadNetwork:
    """Train a network from scratch; equal clips and recipes give equal weights on one machine.

    Raises:
        EchoError: when the training diverges.
    """
    torch.manual_seed(recipe.seed)
    network = HeadNetwork().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    for step in track(range(recipe.steps), "training the head", recipe.steps):
        batch = training_batch(clips, recipe.batch, recipe.seed, step)
        value = loss(network(batch.curves, batch.naive, batch.inside), batch)
        if not bool(torch.isfinite(value)):
            raise EchoError(f"training diverged: the loss of step {step} is not finite")
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate_at(step)
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return network.eval()


def loss(out: Output, batch: Batch) -> Tensor:
    """Heat and fullness where there is an LV, pinball loss of the EF, cross-entropy of the LV."""
    seen = batch.inside * batch.lv[:, None]
    total = seen.sum().clamp_min(1)
    heat = F.binary_cross_entropy_with_logits(out.heat, batch.heat, reduction="none")
    heat = (heat * (1 + EVENT_WEIGHT * batch.heat)).sum(1)
    fullness = (out.phase - batch.fullness).abs()
    timed = ((heat + 2 * fullness) * seen).sum() / total
    return timed + pinball(out.ef, batch.ef) / 5 + F.binary_cross_entropy_with_logits(out.lv, batch.lv)


def pinball(found: Tensor, true: Tensor) -> Tensor:
    """Quantile loss in points of EF (Koenker and Bassett 1978): found (B, 3), true (B,), NaN for unknown."""
    known = torch.isfinite(true)
    if not bool(known.any()):
        return found.sum() * 0
    level = torch.tensor(QUANTILES)
    error = true[known, None] - found[known]
    return torch.maximum(level * error, (level - 1) * error).sum(1).mean()


def calibrate(head: Head, held_out: Sequence[ClipCurves]) -> Head:
    """Settle share, stretch, interval and limit on clips that the head never saw.

    The interval is conformal (Romano, Patterson and Candes 2019): widened by that quantile of the distance
    by which true EFs fall outside, so that 90% of them lie within on clips like these.

    Raises:
        EchoError: when fewer than 10 of the clips have an EF.
    """
    head = replace(head, widen=0.0, share=1.0, stretch=1.0)
    table = ef_table(head, held_out)
    if len(table) < 10:
        raise EchoError(f"calibration needs 10 clips with an EF, got {len(table)}")
    true, masks, found = table[:, 0], table[:, 1], table[:, 2]
    errors = [np.abs(share * found + (1 - share) * masks - true).mean() for share in SHARES]
    head = replace(head, share=SHARES[int(np.argmin(errors))])
    stretch, centre = stretch_of(true, ef_table(head, held_out)[:, 2])
    head = replace(head, stretch=stretch, centre=centre)
    low, high = ef_table(head, held_out)[:, 3:].T
    outside = np.maximum(low - true, true - high)
    rank = min(len(outside) - 1, math.ceil(COVERAGE * (len(outside) + 1)) - 1)
    widen = max(0.0, float(np.sort(outside)[rank]))  # the next hospital is no easier than these clips
    return replace(head, widen=widen, lv_limit=_lv_limit(head, held_out))


def stretch_of(true: Curve, found: Curve) -> tuple[float, float]:
    """Stretch and its centre in percent that bring the slope of found on true EFs (n,) nearest to 1.

    The median that a pinball loss learns shrinks to the mean where walls are hidden: low EFs are found too
    high. Who screens for low EF needs a slope without that bias, at the price of a little more noise: the
    mean absolute error may rise by `DEARER`. The centre is where that error is least.
    """
    best = 1.0, 50.0
    if np.ptp(true) < 1:  # no slope to speak of
        return best
    slope, dearest = float(np.polyfit(true, found, 1)[0]), DEARER * float(np.abs(found - true).mean())
    for stretch in STRETCHES[1:]:
        centre = float(np.clip(np.median(stretch * found - true) / (stretch - 1), *CENTRES))
        error = float(np.abs(found + (stretch - 1) * (found - centre) - true).mean())
        if error <= dearest and abs(stretch * slope - 1) < abs(best[0] * slope - 1):
            best = float(stretch), centre
    return best


def _lv_limit(head: Head, clips: Sequence[ClipCurves]) -> float | None:
    """The limit that 1% of apical clips fall below, at most `SURE`; None when all clips are apical."""
    if all(clip.is_lv for clip in clips):
        return None
    asked = replace(head, lv_limit=0.5)
    apical = [asked.read(clip.rows, clip.fps).lv or 0.0 for clip in clips if clip.is_lv]
    return float(min(SURE, np.quantile(apical, FALSE_ALARMS))) if apical else SURE


def ef_table(head: Head, clips: Sequence[ClipCurves]) -> np.ndarray:
    """True EF, the masks', the head's and its interval's ends: (n, 5), of clips where all are known."""
    return np.array([row for clip in clips if (row := _ef_row(head, clip))]).reshape(-1, 5)


def _ef_row(head: Head, clip: ClipCurves) -> tuple[float, ...] | None:
    masks, half = masks_ef(clip.area, clip.volume, clip.fps)
    reading = head.read(clip.rows, clip.fps, masks, half)
    if masks is None or not clip.is_lv or reading.ef is None or reading.interval is None:
        return None
    return (clip.ef, masks, reading.ef, *reading.interval)


def figures(head: Head, clips: Sequence[ClipCurves]) -> Iterator[tuple[str, float]]:
    """How the head does on clips: error of its EF beside the masks' own, coverage, and who is refused."""
    table = ef_table(head, clips)
    true, masks, found, low, high = table.T
    yield "n", float(len(table))
    for name, values in (("masks", masks), ("head", found)):
        yield f"ef_mae_{name}", float(np.abs(values - true).mean())
        yield f"ef_bias_{name}", float((values - true).mean())
        yield f"ef_slope_{name}", float(np.polyfit(true, values, 1)[0])
    yield "interval_coverage", float(((low <= true) & (true <= high)).mean())
    yield "interval_width", float((high - low).mean())
    if head.lv_limit is not None:
        refused = np.array([(head.read(c.rows, c.fps).lv or 0.0) < head.lv_limit for c in clips])
        apical = np.array([c.is_lv for c in clips])
        yield "lv_refused_wrongly", float(refused[apical].mean())
        if not apical.all():
            yield "lv_refused_rightly", float(refused[~apical].mean())
