"""Draw the picture of docs/data_free.md: frames that a run with `--generator adversarial` learned from.

Command:  uv run python scripts/picture_artist.py RUN [FILE]
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from panels import of, outline, save, sheet, show

from echodfkd.distill.datafree.run import LAST

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "artist.png"
ROWS, COLUMNS, SEED = 2, 6, 0
COLOUR = "#ffd23f"


def artist(run: Path) -> Figure:
    """First frames of some clips in the bank of a run, with the teacher's outline."""
    state = torch.load(run / LAST, map_location="cpu", weights_only=True)
    frames, masks = state["frames"][:, 0].numpy(), state["masks"][:, 0].numpy()
    chosen = torch.randperm(len(frames), generator=torch.Generator().manual_seed(SEED)).tolist()
    panels = list(sheet(9.6, 3.3, ROWS, COLUMNS, top=0.99, wspace=0.03, hspace=0.03))
    for axes, index in zip(panels, chosen, strict=False):
        show(axes, frames[index])
        if (masks[index] > 127).any():
            outline(axes, masks[index] > 127, COLOUR)
    return of(panels[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw; the exit code."""
    run, *file = [Path(argument) for argument in (sys.argv[1:] if arguments is None else arguments)]
    save(artist(run), file[0] if file else PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
