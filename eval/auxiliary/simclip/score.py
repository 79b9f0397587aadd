"""What a trained simclip reaches on clips that it never saw."""

from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from echodfkd.eval.auxiliary.simclip.captions import GROUPS, PERCENT
from echodfkd.eval.auxiliary.simclip.clips import Material
from echodfkd.eval.auxiliary.simclip.model import load_simclip
from echodfkd.eval.auxiliary.simclip.samples import PictureBatches

BATCHES, BATCH = 20, 64  # pictures that it is judged by
NARROW = (80.0, 95.0)  # percent of true Dice


def held_out_figures(weights: Path, judges: Material, seed: int) -> dict[str, float]:
    """Figures by name: rank correlation of overlap and true Dice, errors in points, shares of right texts."""
    model = load_simclip(weights, "cpu")
    pictures = PictureBatches(judges, seed, BATCHES, BATCH, augment=False)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in GROUPS}
    for number in range(BATCHES):
        batch = pictures[number]
        for name, group in GROUPS.items():
            chance = model.chances(batch.frames, group.texts(0))
            for row, label in zip(chance, batch.labels[name], strict=True):
                if label.any():
                    found[name].append((_read(name, row), _read(name, label)))
    return {key: round(value, 4) for name in GROUPS for key, value in _figures(name, found[name])}


def _read(name: str, row: np.ndarray) -> float:
    """A percentage from the chances of percents, else the number of the likeliest text."""
    return (
        float(row @ np.array([float(v) for v in PERCENT]))
        if name in ("ef", "overlap")
        else float(row.argmax())
    )


def _figures(name: str, pairs: list[tuple[float, float]]) -> list[tuple[str, float]]:
    found, true = np.array(pairs).T
    if name not in ("ef", "overlap"):
        return [(f"{name}_right", float((found == true).mean()))]
    rows = [(f"{name}_mae", float(np.abs(found - true).mean()))]
    rows.append((f"{name}_spearman", float(spearmanr(found, true).statistic)))
    if name == "overlap":
        narrow = (true >= NARROW[0]) & (true <= NARROW[1])
        rows.append(("overlap_spearman_80_95", float(spearmanr(found[narrow], true[narrow]).statistic)))
    return rows
