"""What mask sequences cost against a clip of `sim` with its pixels, and how well an EF asked for is met.

Command:  OMP_NUM_THREADS=1 uv run python scripts/bench_masks.py
Prints CPU ms per 112x112 frame of clips of 64, each also as a share of `sim`'s whole clip, then EF errors and
areas over 20 hearts; takes a minute.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from echodfkd.clip import Label
from echodfkd.synth.masks.complete import complete
from echodfkd.synth.masks.draw import drawn_map, drawn_video
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.motion import Beat, prescribed
from echodfkd.synth.masks.pseudo import pseudo_video
from echodfkd.synth.sim.generator import SimGenerator

FRAMES, HEARTS, EFS = 64, 20, (5, 15, 30, 45, 60, 75, 90)


def main() -> None:
    sim, beat = SimGenerator(frames=FRAMES), Beat(FRAMES, 50.0, 60.0)
    maps = [drawn_map(1, index) for index in range(5)]
    video = prescribed(maps[0], np.random.default_rng(0), beat)
    whole = spent(lambda index: sim.clip(1, index))
    print(f"sim's clip, the baseline         {whole / FRAMES:.2f} ms per frame")
    tasks: dict[str, Callable[[int], object]] = {
        "its masks alone (drawn_video)": lambda index: drawn_video(sim, 1, index),
        "a map set beating (prescribed)": lambda index: prescribed(
            maps[index], np.random.default_rng(index), beat
        ),
        "pseudo-images of a sequence": lambda index: pseudo_video(video, np.ones(256)),
    }
    for name, task in tasks.items():
        took = spent(task)
        print(f"{name:<32} {took / FRAMES:.2f} ms per frame, {took / whole:.2f} of the baseline")
    for ef in EFS:
        print(f"EF {ef:>2}: {met(ef)}")


def spent(task: Callable[[int], object]) -> float:
    """Median CPU time in ms over five clips."""
    took = []
    for index in range(5):
        start = time.process_time()
        task(index)
        took.append(1e3 * (time.process_time() - start))
    return median(took)


def met(ef: float) -> str:
    """Largest error of the EF, and the range of the wall's area at ES against ED, for LVs given alone."""
    errors, walls = [], []
    for index in range(HEARTS):
        whole = drawn_map(5, index)
        for map_ in (whole, complete(LabelMap(whole.lv.astype(np.uint8)))):
            video = prescribed(map_, np.random.default_rng(index), Beat(10, 10.0, ef, rate=60.0, phase=0.0))
            assert video.ef is not None
            assert video.es_frames is not None
            errors.append(abs(video.ef - ef))
        wall = (video.mask == Label.MYOCARDIUM).sum((1, 2))
        walls.append(wall[video.es_frames[0]] / wall[0])
    return f"met within {max(errors):.2f} points, area of the wall {min(walls):.2f} to {max(walls):.2f} of ED"


if __name__ == "__main__":
    main()
