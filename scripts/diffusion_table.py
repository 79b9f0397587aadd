"""The table of scripts/compare_diffusion.py: a row for each model, means over seeds and their range."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

Figures = Mapping[str, float | None]
COLUMNS = {  # heading -> figure, decimals
    "parameters, M": ("parameters_m", 2),
    "GMAC a still": ("gmac", 1),
    "s a still": ("seconds", 2),
    "MB": ("megabytes", 0),
    "training steps": ("steps", 0),
    "training s": ("training_s", 0),
    "kernel distance": ("kernel_frames", 2),
    "precision": ("precision_frames", 2),
    "recall": ("recall_frames", 2),
    "speckle": ("speckle", 2),
    "Dice endo": ("dice_endo", 3),
    "epi": ("dice_epi", 3),
    "atrium": ("dice_atrium", 3),
    "views right": ("views", 3),
    "phases right": ("phases", 3),
    "real A4C found": ("real_a4c", 3),
}


def table(rows: Mapping[str, Sequence[Figures]]) -> Iterator[str]:
    """Markdown. A cell is the mean over seeds, +- half of the range where there are several."""
    shown = {
        head: how
        for head, how in COLUMNS.items()
        if any(one.get(how[0]) is not None for of in rows.values() for one in of)
    }
    yield "| model | " + " | ".join(shown) + " |"
    yield "|---" * (len(shown) + 1) + "|"
    for name, seeds in rows.items():
        cells = [_cell([one.get(key) for one in seeds], digits) for key, digits in shown.values()]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _cell(values: Sequence[float | None], digits: int) -> str:
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return "-"
    half = np.ptp(known) / 2
    return f"{known.mean():.{digits}f}" + (f" ± {half:.{digits}f}" if len(known) > 1 else "")
