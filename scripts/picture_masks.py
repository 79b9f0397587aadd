"""The picture of docs/generators.md: label maps set beating, pseudo-images of one. Nothing in it is real.

Command:  uv run python scripts/picture_masks.py [FILE]
Writes docs/images/masks_beating.png (or FILE), the same on every run; takes a few seconds.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from panels import of, save, sheet, show

from echodfkd.synth.masks.complete import complete
from echodfkd.synth.masks.draw import drawn_map
from echodfkd.synth.masks.maps import LabelMap, LabelVideo
from echodfkd.synth.masks.motion import Beat, prescribed
from echodfkd.synth.masks.pseudo import grey_histogram, pseudo_video
from echodfkd.synth.sim.generator import SimGenerator

COLOURS = np.array(  # background, LV, myocardium, LA, RV, RA
    [[20, 20, 24], [200, 70, 70], [232, 205, 130], [80, 140, 220], [120, 185, 120], [170, 120, 190]], np.uint8
)
OUTSIDE = np.array([70, 70, 76], np.uint8)
FRAMES, SHOWN = 40, range(0, 40, 5)
HEARTS = {0: 60, 1: 30, 5: 75}  # index: EF in percent
ALONE = 3  # the heart whose LV alone is given


def main(file: Path = Path("docs/images/masks_beating.png")) -> None:
    rows = [(f"heart {index}", beating(drawn_map(5, index), index, ef)) for index, ef in HEARTS.items()]
    alone = complete(LabelMap(drawn_map(5, ALONE).lv.astype(np.uint8)))
    rows.append(("LV alone", beating(alone, ALONE, 50)))
    save(draw(rows), file)


def beating(map_: LabelMap, index: int, ef: float) -> LabelVideo:
    beat = Beat(FRAMES, fps=40.0, ef=ef, rate=60.0, phase=0.0)
    return prescribed(map_, np.random.default_rng(index), beat)


def draw(rows: list[tuple[str, LabelVideo]]) -> Figure:
    panels = sheet(9.6, 6.4, len(rows) + 1, len(SHOWN), top=0.955, bottom=0.005, wspace=0.03, hspace=0.16)
    for name, video in rows:
        first = next(panels)
        show(first, coloured(video, 0), f"{name}: EF {video.ef:.1f} %")
        for frame in SHOWN[1:]:
            title = "ES" if video.es_frames and abs(frame - video.es_frames[0]) < 3 else ""
            show(next(panels), coloured(video, frame), title)
    reference = SimGenerator(frames=8).clip(5, 36)
    greys = pseudo_video(rows[-1][1], grey_histogram(reference.frames, reference.sector))
    for frame in SHOWN:
        axes = next(panels)
        show(axes, 127.5 * (greys[frame] + 1), "" if frame else "pseudo-image")
    return of(axes)


def coloured(video: LabelVideo, frame: int) -> npt.NDArray[np.uint8]:
    picture = COLOURS[video.mask[frame]]
    return (
        picture
        if video.cone is None
        else np.where(video.cone[..., None], picture, picture // 3 + OUTSIDE // 2)
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
