"""What a trained simclip reaches on clips that it never saw."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from echodfkd.eval.auxiliary.simclip.captions import GROUPS, PERCENT
from echodfkd.eval.auxiliary.simclip.clips import Material
from echodfkd.eval.auxiliary.simclip.model import likely, load_simclip
from echodfkd.eval.auxiliary.simclip.samples import PictureBatches

BATCHES, BATCH = 16, 64  # pictures that it is judged by
NARROW = (80.0, 95.0)  # percent of true Dice
PERCENTS = np.array([float(value) for value in PERCENT])
Floats = npt.NDArray[np.float64]


def held_out_figures(
    weights: Path, judges: Material, seed: int, batches: int = BATCHES
) -> dict[str, float | None]:
    """Figures by name: rank correlation of overlap and true Dice, errors in points, shares of right texts.

    None where the pictures drawn do not define one.
    """
    model = load_simclip(weights, "cpu")
    pictures = PictureBatches(judges, seed, batches, BATCH, augment=False)
    texts = {name: model.embed_text(group.texts(0)) for name, group in GROUPS.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in GROUPS}
    for number in range(batches):
        batch = pictures[number]
        seen = model.embed_frames(batch.frames)
        for name, vectors in texts.items():
            chance, label = likely(model.temperature * seen @ vectors.T), batch.labels[name]
            known = label.any(1)
            found[name] += zip(_read(name, chance[known]), _read(name, label[known]), strict=True)
    rows = [row for name, pairs in found.items() if len(pairs) > 2 for row in _figures(name, np.array(pairs))]
    return {key: round(value, 4) if np.isfinite(value) else None for key, value in rows}


def _read(name: str, rows: npt.NDArray[np.floating]) -> Floats:
    """The percentage that rows of chances stand for, else the number of the likeliest text."""
    return np.asarray(rows @ PERCENTS if name in ("ef", "overlap") else rows.argmax(1), np.float64)


def _figures(name: str, pairs: Floats) -> Iterator[tuple[str, float]]:
    found, true = pairs.T
    if name not in ("ef", "overlap"):
        yield f"{name}_right", float((found == true).mean())
        return
    yield f"{name}_mae", float(np.abs(found - true).mean())
    yield f"{name}_spearman", float(spearmanr(found, true).statistic)
    narrow = (true >= NARROW[0]) & (true <= NARROW[1])
    if name == "overlap" and narrow.sum() > 2:
        yield "overlap_spearman_80_95", float(spearmanr(found[narrow], true[narrow]).statistic)
