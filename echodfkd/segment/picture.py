"""`NAME.png`: the ED and the ES frame with their masks above the area curve."""

from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from echodfkd.segment.curve import LIGHT, NOT_FOR_DIAGNOSIS, byline, draw_area_curve, headline
from echodfkd.segment.pipeline import Segmentation
from echodfkd.segment.result import SegmentResult, counted
from echodfkd.segment.view import RGB, view_of

WIDTH, LEFT, RIGHT = 8.0, 0.1, 0.97  # inches; shares of the width
HEAD, CURVE, FOOT, TALLEST = 1.15, 2.6, 1.4, 4.4  # inches


def write_png(path: Path, segmentation: Segmentation) -> None:
    """Write the summary picture of a clip; without beats it shows the frames of largest and smallest LV."""
    result = segmentation.result
    shown = key_frames(result)
    pictures = key_pictures(segmentation)
    figure, grid = _sheet(pictures)
    for column, ((title, index), picture) in enumerate(zip(shown, pictures, strict=True)):
        colour = {"ED": LIGHT.ed, "ES": LIGHT.es}.get(title, LIGHT.ink)
        _show(figure.add_subplot(grid[0, column]), picture, f"{title}  frame {index}", colour)
    draw_area_curve(figure.add_subplot(grid[1, :]), result, LIGHT)
    high = figure.get_figheight()
    figure.text(LEFT, 1 - 0.48 / high, headline(result), fontsize=17, fontweight="bold", color=LIGHT.ink)
    figure.text(LEFT, 1 - 0.7 / high, result.name, fontsize=9.5, color=LIGHT.ink)
    figure.text(LEFT, 0.2 / high, _small_print(result), fontsize=7.5, color=LIGHT.ink, linespacing=1.4)
    figure.savefig(path, format="png", facecolor=LIGHT.background)


def key_frames(result: SegmentResult) -> list[tuple[str, int]]:
    """Titles and frames worth showing: ED and ES of the first beat that counts, else the extremes of area."""
    beats = counted(result.beats)
    if beats:
        return [("ED", beats[0].ed), ("ES", beats[0].es)]
    largest, smallest = int(np.argmax(result.area_px)), int(np.argmin(result.area_px))
    if largest == smallest:
        return [("mask" if result.area_px.any() else "no mask", largest)]
    return [("largest mask", largest), ("smallest mask", smallest)]


def key_pictures(segmentation: Segmentation) -> list[RGB]:
    """The key frames with their outlines, uint8 (h, w, 3) each, in the order of `key_frames`."""
    soft = segmentation.soft
    view = view_of(soft.source, soft.sector)
    wanted = [index for _, index in key_frames(segmentation.result)]
    found: dict[int, RGB] = {}
    for index, frame in enumerate(soft.source.frames()):
        if index in wanted:
            found[index] = view.outlined(frame, soft.mask(index))
        if len(found) == len(set(wanted)):
            break
    return [found[index] for index in wanted]


def _sheet(pictures: list[RGB]) -> tuple[Figure, GridSpec]:
    """A page as high as its pictures need, and its grid: pictures above, the curve below."""
    height, width = pictures[0].shape[:2]
    row = min(TALLEST, WIDTH * (RIGHT - LEFT) / len(pictures) * height / width)
    high = HEAD + row + CURVE + FOOT
    figure = Figure(figsize=(WIDTH, high), dpi=130, facecolor=LIGHT.background)
    frame = {"left": LEFT, "right": RIGHT, "top": 1 - HEAD / high, "bottom": FOOT / high}
    ratios = (row, CURVE)
    return figure, figure.add_gridspec(
        2, len(pictures), height_ratios=ratios, hspace=0.1, wspace=0.03, **frame
    )


def _show(axes: Axes, picture: RGB, title: str, colour: str) -> None:
    axes.imshow(picture, interpolation="antialiased")
    axes.set_axis_off()
    axes.set_title(title, color=colour, fontsize=11, fontweight="bold", loc="left", pad=5)


def _small_print(result: SegmentResult) -> str:
    remarks = " ".join(result.warnings)
    lines = [fill(remarks, 122, max_lines=2, placeholder=" ...")] if remarks else []
    return "\n".join([*lines, byline(result), NOT_FOR_DIAGNOSIS])
