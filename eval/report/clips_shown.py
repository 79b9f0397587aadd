"""Clips as looping overlays with their area curves: the best, the median and the worst of an evaluation."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from echodfkd.beats import Events
from echodfkd.clip import BoolMask, Frames
from echodfkd.eval.examples import Example
from echodfkd.eval.report.content import Chart, Loop, Picture, Section
from echodfkd.eval.report.pictures import data_uri
from echodfkd.eval.report.plots import Curve, area_curves
from echodfkd.sector import clip_sector, crop, square
from echodfkd.segment.curve import OUTLINE
from echodfkd.segment.view import RGB, draw_outline

FRAMES, SECONDS = 24, 1.6  # of a loop, at most: a beat or two
SIDE = 300  # pixels
QUALITY = 60  # of WebP: a loop then takes 100 to 200 kB
REFERENCE = (70, 214, 232)  # RGB of the reference's outline; the model's is OUTLINE


def clips_shown(examples: Sequence[Example]) -> Section:
    """A loop and an area curve for each example, all of one model under one judge."""
    first = examples[0]
    other = "" if first.reference is None else f"; cyan below it: {first.by}"
    other += " (traced frames only)" if first.reference and first.reference.frames is not None else ""
    text = (
        f"{first.model}, judged by {first.by.removeprefix('judged by ')}. Yellow: the outline that the model "
        f"found{other}. Up to {FRAMES} frames, in real time where the frame rate is known."
    )
    return Section("Best, median and worst clip", text, tuple(_loop(example) for example in examples))


def _loop(example: Example) -> Loop:
    chosen = shown_frames(example)
    pages = [Image.fromarray(page) for page in outlined(example, chosen)]
    fps = example.clip.fps
    each = (chosen[-1] - chosen[0] + 1) / (len(chosen) * fps) if fps else 1 / 12
    moving = data_uri(pages[0], rest=pages[1:], duration_ms=max(20, round(1000 * each)), quality=QUALITY)
    largest = pages[int(np.argmax(example.found[chosen].sum((1, 2))))]
    name, caption = example.clip.name, _caption(example)
    alt = f"loop of clip {name}: ultrasound with the outline of the left ventricle found by {example.model}"
    curve = Chart(area_curves(_curves(example), fps), "", f"LV area of clip {name} against time")
    picture = Picture(moving, caption, alt, data_uri(largest, quality=QUALITY))
    return Loop(f"{example.rank}: {example.score}", picture, curve)


def shown_frames(example: Example) -> list[int]:
    """At most `FRAMES` frames out of `SECONDS`, evenly spread; frames that people traced are among them."""
    total, fps = len(example.clip), example.clip.fps
    length = min(total, max(FRAMES, round(SECONDS * fps)) if fps else FRAMES)
    traced = (example.reference.frames or ()) if example.reference else ()
    start = min(max(0, traced[0] - length // 5), total - length) if traced else 0
    spread = np.linspace(start, start + length - 1, min(FRAMES, length)).round().astype(int)
    for frame in traced:
        if spread[0] <= frame <= spread[-1]:
            spread[np.abs(spread - frame).argmin()] = frame
    return [int(frame) for frame in spread]


def outlined(example: Example, chosen: Sequence[int]) -> Iterator[RGB]:
    """Frames (SIDE, SIDE, 3) cut to their sector (menus and names are outside), with the outlines."""
    clip, sector = example.clip, clip_sector(example.clip.frames)
    side = min(
        SIDE, max(square(sector, clip.spacing_mm)[2:])
    )  # outlines are smoothed where they are enlarged

    def cut(mask: BoolMask) -> BoolMask:
        return crop(np.uint8(255) * mask[None], sector, side, clip.spacing_mm)[0] > 127

    squares: Frames = crop(clip.frames[list(chosen)], sector, SIDE, clip.spacing_mm)
    for frame, picture in zip(chosen, squares, strict=True):
        page = np.repeat(picture[..., None], 3, axis=2)
        true = None if example.reference is None else example.reference.at(frame)
        if true is not None:  # below the model's, so that it shows where they differ
            draw_outline(page, cut(true), colour=REFERENCE)
        draw_outline(page, cut(example.found[frame]), colour=OUTLINE)
        yield page


def _caption(example: Example) -> str:
    true = None if example.reference is None else example.reference.ef
    against = "" if true is None else f" ({example.by}: {true:.0f} %)"
    found = "not found" if example.findings.ef is None else f"{example.findings.ef:.0f} %"
    return f"{example.clip.name}. EF {found}{against}."


def _curves(example: Example) -> dict[str, Curve]:
    found = Curve(np.arange(len(example.found)), _area(example.found), example.findings.events)
    reference = example.reference
    if reference is None or not len(reference.mask):
        return {example.model: found}
    frames = np.arange(len(example.clip)) if reference.frames is None else np.array(reference.frames)
    events = reference.events if reference.frames is None else Events()  # traced frames are events already
    return {example.model: found, reference.name: Curve(frames, _area(reference.mask), events)}


def _area(masks: BoolMask) -> npt.NDArray[np.float64]:
    return masks.sum((1, 2)).astype(np.float64)
