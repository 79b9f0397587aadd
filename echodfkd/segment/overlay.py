"""`NAME.mp4`: the clip with the LV's outline beside its running area curve."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from echodfkd.progress import Track, silent
from echodfkd.segment.curve import DARK, NOT_FOR_DIAGNOSIS, byline, curve_points, draw_area_curve, headline
from echodfkd.segment.pipeline import Segmentation
from echodfkd.segment.result import SegmentResult
from echodfkd.segment.view import RGB, view_of

DPI = 100
PANEL_WIDTH = 560
PLAYED_FPS = 25.0  # for clips of unknown frame rate
BADGE_S = 0.12  # how long an ED or ES badge stays on the picture


def write_mp4(path: Path, segmentation: Segmentation, track: Track = silent) -> None:
    """Write the overlay as H.264 (yuv420p, even sides, playable while it loads) at the clip's own speed."""
    result = segmentation.result
    pictures = track(overlay_frames(segmentation), f"drawing {result.name}", total=len(result))
    rate = Fraction(result.fps or PLAYED_FPS).limit_denominator(1000)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        stream.pix_fmt = "yuv420p"
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def overlay_frames(segmentation: Segmentation) -> Iterator[RGB]:
    """The pictures of the overlay, uint8 (h, w, 3) one per frame, h and w even. Reads the input again."""
    soft, result = segmentation.soft, segmentation.result
    view = view_of(soft.source, soft.sector)
    height = max(view.size)
    panel = Panel(result, PANEL_WIDTH, height)
    masks = chain.from_iterable(soft.masks())
    for index, (frame, mask) in enumerate(zip(soft.source.frames(), masks, strict=True)):
        picture = _centred(view.outlined(frame, mask), height)
        _write_on(picture, index, result)
        yield np.hstack([picture, panel.at(index)])


class Panel:
    """The chart beside the clip: drawn once by matplotlib, then the curve runs over it frame by frame."""

    def __init__(self, result: SegmentResult, width: int, height: int) -> None:
        self._picture, points = _chart(replace(result, ed_frames=(), es_frames=()), width, height)
        marked, _ = _chart(result, width, height)
        at_mark = (marked != self._picture).any(axis=2)
        self._marks = at_mark, marked[at_mark]  # laid over the running curve again and again
        self._points: npt.NDArray[np.int32] = np.rint(points * (1, -1) + (0, height)).astype(np.int32)
        self._line = tuple(round(255 * part) for part in to_rgb(DARK.line))
        self._drawn = 0

    def at(self, index: int) -> RGB:
        """The chart when the clip stands at frame `index`; ask in ascending order."""
        new = self._points[self._drawn : index + 1]
        cv2.polylines(self._picture, [new], False, self._line, 2, cv2.LINE_AA)
        self._picture[self._marks[0]] = self._marks[1]
        self._drawn = index
        picture = self._picture.copy()
        cv2.circle(picture, self._points[index].tolist(), 5, self._line, -1, cv2.LINE_AA)
        return picture


def _chart(result: SegmentResult, width: int, height: int) -> tuple[RGB, npt.NDArray[np.float64]]:
    """The still chart, uint8 (height, width, 3), and where each frame's point is: float (T, 2), y upwards."""
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=DARK.background)
    axes = figure.add_axes((0.13, 0.2, 0.83, 0.62))
    draw_area_curve(axes, result, DARK, line=DARK.faint)
    figure.text(0.13, 0.9, headline(result), color=DARK.ink, fontsize=17, fontweight="bold")
    figure.text(0.13, 0.055, byline(result), color=DARK.ink, fontsize=8.5)
    figure.text(0.13, 0.02, NOT_FOR_DIAGNOSIS, color=DARK.ink, fontsize=8.5)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    x, y, *_ = curve_points(result)
    points = axes.transData.transform(np.column_stack([x, y]))
    return np.asarray(canvas.buffer_rgba())[..., :3].copy(), points


@cache
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Pillow's own font; unpacked anew at every call it would fill the memory."""
    return ImageFont.load_default(size)


def _centred(picture: RGB, side: int) -> RGB:
    """On a black square of `side` pixels."""
    canvas = np.zeros((side, side, 3), np.uint8)
    top, left = (side - picture.shape[0]) // 2, (side - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _write_on(picture: RGB, index: int, result: SegmentResult) -> None:
    """Frame number and time, and a badge near ED and ES, on picture in place."""
    page = Image.fromarray(picture)
    draw = ImageDraw.Draw(page)
    time = "" if result.fps is None else f"   {index / result.fps:.2f} s"
    edge: dict[str, Any] = {"stroke_width": 2, "stroke_fill": "black"}  # readable on bright tissue
    place = (12, picture.shape[0] - 26)
    draw.text(place, f"{index}{time}", fill=DARK.ink, font=_font(15), **edge)
    reach = 0 if result.fps is None else BADGE_S * result.fps / 2
    for label, events, colour in (("ED", result.ed_frames, DARK.ed), ("ES", result.es_frames, DARK.es)):
        if any(abs(index - event) <= reach for event in events):
            draw.text((12, 10), label, fill=colour, font=_font(30), **edge)
    picture[:] = np.asarray(page)
