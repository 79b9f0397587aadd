"""Figures of several panels, as the pictures of the documentation are made of."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from echodfkd.files import write_bytes
from echodfkd.segment.curve import LIGHT

COLOURS = 200  # of a picture's palette: speckle needs few, and a file stays small


def save(figure: Figure, path: Path) -> None:
    """Write a figure with a palette of few colours, whole or not at all."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, facecolor=LIGHT.background)
    palette = Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small = io.BytesIO()
    palette.save(small, format="png", optimize=True)
    write_bytes(path, small.getvalue())


def sheet(wide: float, high: float, rows: int, columns: int, **spread: float) -> Iterator[Axes]:
    """Panels of one figure, row by row, in a grid of `wide` x `high` inches."""
    room = {"left": 0.01, "right": 0.99, "top": 0.91, "bottom": 0.02, "wspace": 0.05, "hspace": 0.12}
    grid = Figure(figsize=(wide, high)).add_gridspec(rows, columns, **(room | spread))
    assert grid.figure is not None
    return (grid.figure.add_subplot(grid[row, column]) for row in range(rows) for column in range(columns))


def show(axes: Axes, picture: npt.NDArray, title: str = "", **how: Any) -> None:
    """A picture without ticks; grey from black to white unless told otherwise."""
    grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "none"}
    axes.imshow(picture, **(grey | how))
    axes.set_axis_off()
    axes.set_title(title, fontsize=9, color=LIGHT.ink, pad=4)


def of(axes: Axes) -> Figure:
    """The figure of a panel."""
    assert isinstance(axes.figure, Figure)
    return axes.figure


def outline(axes: Axes, mask: npt.NDArray, colour: object, label: str | None = None) -> None:
    """The largest contour of a mask, drawn at twice its grid so that it runs smoothly."""
    fine = cv2.GaussianBlur(cv2.resize(mask.astype(np.float32), None, fx=4, fy=4), (0, 0), 3)
    found = cv2.findContours((fine > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    line = max(found, key=len)[:, 0] / 4 - 0.375
    axes.plot(*np.concatenate([line, line[:1]]).T, color=colour, linewidth=1.1, label=label)
