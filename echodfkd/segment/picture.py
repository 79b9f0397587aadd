"""`NAME.png`: the ED and the ES frame with their masks above the area curve."""

from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from echodfkd.segment.curve import LIGHT, NOT_FOR_DIAGNOSIS, byline, draw_area_curve, headline
from echodfkd.segment.pipeline import Segmentation
from echodfkd.segment.result import SegmentResult, counted
from echodfkd.segment.view import RGB, view_of


def write_png(path: Path, segmentation: Segmentation) -> None:
    """Write the summary picture of a clip; without beats it shows the frames of largest and smallest LV."""
    result = segmentation.result
    shown = key_frames(result)
    figure = Figure(figsize=(8, 8.4), dpi=130, facecolor=LIGHT.background)
    frame = {"left": 0.1, "right": 0.97, "top": 0.86, "bottom": 0.15, "hspace": 0.14, "wspace": 0.03}
    grid = figure.add_gridspec(2, len(shown), height_ratios=(1.6, 1), **frame)
    for column, ((title, index), picture) in enumerate(zip(shown, key_pictures(segmentation), strict=True)):
        colour = {"ED": LIGHT.ed, "ES": LIGHT.es}.get(title, LIGHT.ink)
        _show(figure.add_subplot(grid[0, column]), picture, f"{title}  frame {index}", colour)
    draw_area_curve(figure.add_subplot(grid[1, :]), result, LIGHT)
    figure.text(0.1, 0.945, headline(result), fontsize=17, fontweight="bold", color=LIGHT.ink)
    figure.text(0.1, 0.92, result.name, fontsize=9.5, color=LIGHT.ink)
    figure.text(0.1, 0.025, _small_print(result), fontsize=7.5, color=LIGHT.ink, linespacing=1.4)
    figure.savefig(path, format="png", facecolor=LIGHT.background)


def key_frames(result: SegmentResult) -> list[tuple[str, int]]:
    """Titles and frames worth showing: ED and ES of the first beat that counts, else the extremes of area."""
    beats = counted(result.beats)
    if beats:
        return [("ED", beats[0].ed), ("ES", beats[0].es)]
    largest, smallest = int(np.argmax(result.area_px)), int(np.argmin(result.area_px))
    if largest == smallest:
        return [("LV" if result.area_px.any() else "no LV", largest)]
    return [("largest LV", largest), ("smallest LV", smallest)]


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


def _show(axes: Axes, picture: RGB, title: str, colour: str) -> None:
    axes.imshow(picture, interpolation="antialiased")
    axes.set_axis_off()
    axes.set_title(title, color=colour, fontsize=11, fontweight="bold", loc="left", pad=5)


def _small_print(result: SegmentResult) -> str:
    remarks = ". ".join(result.warnings)
    lines = [fill(remarks, 140, max_lines=2, placeholder=" ...")] if remarks else []
    return "\n".join([*lines, byline(result), NOT_FOR_DIAGNOSIS])
