"""The scores of one model on real clips as plain rows for JSON and tables; None where undefined."""

import math
from collections.abc import Sequence
from typing import Any

from echodfkd.eval.events import Matches, f1, mean_error_frames, mean_error_ms
from echodfkd.eval.figures import Figure
from echodfkd.eval.real import EVENTS_FROM, RealScore
from echodfkd.eval.real_figures import ef_figures_of, mask_figures
from echodfkd.segmenter import Segmenter

Row = dict[str, Any]


def summary(segmenter: Segmenter, scores: Sequence[RealScore]) -> Row:
    """All that is known of one model: its card, a row per clip, and the figures over clips."""
    return {
        "model": {"name": segmenter.name, "sha256": segmenter.digest, "claim": segmenter.claim},
        "clips_with_masks": [mask_row(score) for score in scores if score.has_masks],
        "over_masks": {figure.name: figure_row(figure) for figure in mask_figures(scores)},
        "events_from": EVENTS_FROM,
        "clips_with_ef": [ef_row(score) for score in scores if score.has_ef],
        "over_ef": {figure.name: figure_row(figure) for figure in ef_figures_of(scores)},
    }


def mask_row(score: RealScore) -> Row:
    """Figures of one clip that has masks."""
    return {
        "clip": score.clip,
        "frames": len(score.dice),
        "dice": known(score.dice.mean(), 4),
        "dice_worst_frame": known(score.dice.min(), 4),
        "worst_frame": int(score.dice.argmin()),
        "area_correlation": known(score.area_correlation, 3),
        "area_ratio": known(score.area_ratio, 3),
        **event_row("ed", score.ed),
        **event_row("es", score.es),
        "warnings": list(score.warnings),
    }


def event_row(kind: str, matches: Matches) -> Row:
    """Figures of the ED or the ES frames of one clip."""
    return {
        f"{kind}_error_frames": known(mean_error_frames([matches]), 2),
        f"{kind}_error_ms": known(mean_error_ms([matches]), 1),
        f"{kind}_f1": known(f1([matches]), 3),
        f"{kind}_missed": len(matches.misses),
        f"{kind}_false": len(matches.false),
    }


def ef_row(score: RealScore) -> Row:
    """True and found EF of one clip, in percent."""
    error = known(score.ef_found - score.ef_true, 2)
    row = {"clip": score.clip, "ef_true": known(score.ef_true, 2), "ef_found": known(score.ef_found, 2)}
    bounds = [known(bound, 1) for bound in score.ef_interval]
    return row | {"error": error, "ef_low": bounds[0], "ef_high": bounds[1], "warnings": list(score.warnings)}


def figure_row(figure: Figure) -> Row:
    """A figure over clips; null where it is not defined."""
    return figure.entry() | {"value": known(figure.value, 5)}


def known(value: float, digits: int) -> float | None:
    """A rounded number, None for one that is not defined."""
    return round(float(value), digits) if math.isfinite(value) else None
