"""How well judges' scores follow the true Dice: rank correlations, as JSON and as a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import kendalltau, spearmanr

from echodfkd.eval.auxiliary.validate import Item
from echodfkd.eval.bootstrap import interval

NARROW = (0.80, 0.95)  # the true Dice that matters
RANGES = ("all", "within clips", ".80 to .95", "models, .80 to .95")
DEFINITION = (
    "rank correlation of a judge's score of a clip's masks with their true mean Dice, over degraded masks "
    "and those of models; within clips: mean over clips of the correlation in each"
)
FEWEST = 5  # items for a correlation


def trust(items: Sequence[Item]) -> dict[str, Any]:
    """Spearman with a bootstrap interval over clips, Kendall and n of each judge and range; JSON-ready.

    `masks` lists what was judged: clip, how the masks came about, true Dice, the auxiliary's score (null for
    none).
    """
    names = sorted({name for item in items for name in item.scores}, key=_place)
    return {
        "definition": DEFINITION,
        "clips": len({item.clip for item in items}),
        "items": len(items),
        "judges": {name: {part: _figures(items, name, part) for part in RANGES} for name in names},
        "spread": {name: _spread(items, name) for name in names},
        "masks": [_mask(item) for item in items],
    }


def _mask(item: Item) -> dict[str, Any]:
    score = item.scores.get("auxiliary", np.nan)
    return {
        "clip": item.clip,
        "what": item.what,
        "model": item.model,
        "dice": round(item.dice, 4),
        "score": round(float(score), 5) if np.isfinite(score) else None,
    }


def _place(name: str) -> tuple[int, str]:
    first = ("auxiliary", "area alone", "mean shape")
    return (first.index(name) if name in first else len(first), name)


def _figures(items: Sequence[Item], name: str, part: str) -> dict[str, Any]:
    chosen = [item for item in items if name in item.scores and _inside(item, part)]
    clips: dict[str, list[Item]] = {}
    for item in chosen:
        clips.setdefault(item.clip, []).append(item)
    groups = list(clips.values())

    def spearman(parts: Sequence[list[Item]]) -> float:
        return correlation(parts, name, part, "spearman")

    value = spearman(groups)
    known = np.isfinite(value)
    bounds = interval(groups, spearman, n=200) if known and len(groups) > 1 else None
    kendall = correlation(groups, name, part, "kendall")
    return {
        "n": len(chosen),
        "spearman": round(value, 4) if known else None,
        "interval_95": None if bounds is None else [round(float(bound), 4) for bound in bounds],
        "kendall": round(kendall, 4) if np.isfinite(kendall) else None,
    }


def _inside(item: Item, part: str) -> bool:
    narrow = NARROW[0] <= item.dice <= NARROW[1]
    return {"models, .80 to .95": item.model and narrow, ".80 to .95": narrow}.get(part, True)


def correlation(groups: Sequence[list[Item]], name: str, part: str, how: str) -> float:
    """Rank correlation of one judge over groups of items by clip; NaN where it is not defined."""
    if part != "within clips":
        return ranked([item for group in groups for item in group], name, how)
    values = [value for group in groups if np.isfinite(value := ranked(group, name, how))]
    return float(np.mean(values)) if values else float("nan")


def ranked(items: Sequence[Item], name: str, how: str) -> float:
    """Spearman's or Kendall's coefficient of a judge's scores with the true Dice."""
    pairs = np.array([(item.scores[name], item.dice) for item in items if np.isfinite(item.scores[name])])
    if len(pairs) < FEWEST or not np.ptp(pairs, axis=0).all():
        return float("nan")
    function = spearmanr if how == "spearman" else kendalltau
    return float(function(pairs[:, 0], pairs[:, 1]).statistic)


def _spread(items: Sequence[Item], name: str) -> dict[str, float]:
    """Standard deviation of a judge's scores, of all masks and of the models' alone: 0 says nothing."""
    scores = {
        "all": [item.scores[name] for item in items if name in item.scores],
        "models": [item.scores[name] for item in items if name in item.scores and item.model],
    }
    return {key: round(float(np.std(values)), 5) for key, values in scores.items() if values}


def table(found: Mapping[str, Any], auxiliary: str, note: str) -> Iterator[str]:
    """Lines of a Markdown table."""
    yield f"Spearman (Kendall) with the true Dice, {found['items']} masks of {found['clips']} clips"
    yield f"auxiliary: {auxiliary}" + (f" ({note})" if note else "")
    yield ""
    yield "| judge | " + " | ".join(RANGES) + " |"
    yield "|---" * (len(RANGES) + 1) + "|"
    for name, parts in found["judges"].items():
        yield f"| {name} | " + " | ".join(_cell(parts[part]) for part in RANGES) + " |"


def _cell(figure: Mapping[str, Any]) -> str:
    if figure["spearman"] is None:
        return "-"
    return f"{figure['spearman']:.2f} ({figure['kendall']:.2f})"
