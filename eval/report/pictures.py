"""Pictures as data URIs: contact sheets of clips, and overlay videos as looping animations."""

import base64
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from echodfkd.clip import Clip
from echodfkd.errors import EchoError
from echodfkd.segment.view import RGB, draw_outline

TILE = 168  # pixels, side of a frame on a contact sheet
GAP = 6
ANIMATION_FPS = 25
QUALITY = 80  # of WebP, 0..100


def contact_sheet(clips: Sequence[Clip], columns: int = 4) -> str:
    """ED above ES frame of each clip with the outline of its LV, as a still picture.

    Clips without marks show their frames of largest and smallest LV, or their first and last.

    Raises:
        EchoError: if there is no clip.
    """
    if not clips:
        raise EchoError("no clip to show on a contact sheet")
    tiles = [np.vstack([_tile(clip, "ED"), _tile(clip, "ES")]) for clip in clips]
    columns = min(columns, len(tiles))
    empty = np.zeros_like(tiles[0])
    tiles += [empty] * (-len(tiles) % columns)
    rows = [_joined(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)]
    return data_uri(Image.fromarray(_joined(rows, 0)))


def animation(path: Path, *, seconds: float = 4.0, width: int = 880) -> tuple[str, str]:
    """A video as looping animation and its first frame as a still, of up to `seconds` and `width` pixels.

    An <img> plays everywhere and prints; phones refuse <video> from a data URI.

    Raises:
        EchoError: if the file holds no frame.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or ANIMATION_FPS)
        step = max(1, round(rate / ANIMATION_FPS))
        frames = islice(container.decode(stream), 0, max(1, round(rate * seconds)), step)
        pages = [_page(frame, width) for frame in frames]
    if not pages:
        raise EchoError(f"{path} holds no frames")
    moving = data_uri(pages[0], rest=pages[1:], duration_ms=max(20, round(1000 * step / rate)))
    return moving, data_uri(pages[0])


def data_uri(
    picture: Image.Image,
    *,
    rest: Sequence[Image.Image] = (),
    duration_ms: int = 40,
    quality: int = QUALITY,
) -> str:
    """A picture as WebP in a data URI; with `rest`, a loop that shows each for `duration_ms`."""
    stream = BytesIO()
    loop = {"save_all": True, "append_images": list(rest), "duration": duration_ms, "loop": 0} if rest else {}
    picture.save(stream, "WEBP", quality=quality, **loop)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _page(frame: av.VideoFrame, width: int) -> Image.Image:
    page = frame.to_image()
    return page if page.width <= width else page.resize((width, round(page.height * width / page.width)))


def _tile(clip: Clip, event: str) -> RGB:
    index = _event_frame(clip, event)
    height, width = clip.frames.shape[1:]
    zoom = TILE / max(height, width)
    shape = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    how = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
    shown = cv2.cvtColor(cv2.resize(clip.frames[index], shape, interpolation=how), cv2.COLOR_GRAY2RGB)
    if clip.lv is not None:
        draw_outline(shown, clip.lv[index], thickness=1)
    page = Image.new("RGB", (TILE, TILE))
    page.paste(Image.fromarray(shown), ((TILE - shown.shape[1]) // 2, (TILE - shown.shape[0]) // 2))
    ef = f"  EF {clip.ef:.0f} %" if event == "ED" and clip.ef is not None else ""
    ImageDraw.Draw(page).text(
        (6, 4), event + ef, fill="white", font=_font(), stroke_width=2, stroke_fill="black"
    )
    return np.asarray(page)


@cache
def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(13)


def _event_frame(clip: Clip, event: str) -> int:
    marked = clip.ed_frames if event == "ED" else clip.es_frames
    if marked:
        return marked[0]
    if clip.lv is not None:
        area = clip.lv.sum(axis=(1, 2))
        return int(area.argmax() if event == "ED" else area.argmin())
    return 0 if event == "ED" else len(clip) - 1


def _joined(parts: Sequence[RGB], axis: int) -> RGB:
    """Parts side by side (axis 1) or below each other (axis 0) with a gap between them."""
    shape = list(parts[0].shape)
    shape[axis] = GAP
    gap = np.full(shape, 40, np.uint8)
    pieces = [piece for part in parts for piece in (part, gap)][:-1]
    return np.concatenate(pieces, axis=axis)
