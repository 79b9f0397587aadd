"""Milliseconds per simulated frame on one core, as a ratio to filtering the speckle field alone.

Command:  uv run python scripts/bench_sim.py
Prints one row per size: the simulator, the baseline (one SciPy Gaussian filtering of a complex field of the
same beam grid), their ratio, and what each clip pays once for its scene, a 64th of which is in the first.
"""

import time

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from echodfkd.synth.sim.generator import SimGenerator

FRAMES, CLIPS = 64, 5


def simulator(size: int) -> float:
    """Seconds per frame of whole clips, labels included; median over clips."""
    generator = SimGenerator(frames=FRAMES, size=size)
    took = []
    for index in range(CLIPS + 1):
        begun = time.perf_counter()
        generator.clip(0, index)
        took.append((time.perf_counter() - begun) / FRAMES)
    return float(np.median(took[1:]))


def scene(size: int) -> float:
    """Seconds to set the scene of a clip, before its first frame; median over clips."""
    generator = SimGenerator(frames=FRAMES, size=size)
    took = []
    for index in range(4 * CLIPS):
        begun = time.perf_counter()
        generator.scene(0, index)
        took.append(time.perf_counter() - begun)
    return float(np.median(took))


def baseline(size: int) -> float:
    """Seconds to filter one complex field of the beam grid with SciPy; median of 20."""
    field = np.random.default_rng(0).standard_normal((2, int(1.45 * size), int(1.3 * size)))
    took = []
    for _ in range(20):
        begun = time.perf_counter()
        gaussian_filter(field[0], 1.2)
        gaussian_filter(field[1], 1.2)
        took.append(time.perf_counter() - begun)
    return float(np.median(took))


def main() -> None:
    cv2.setNumThreads(1)
    print("size  sim ms/frame  baseline ms  ratio  scene ms/clip")
    for size in (112, 224):
        sim, base, once = (1000 * measure(size) for measure in (simulator, baseline, scene))
        print(f"{size:4d}  {sim:12.2f}  {base:11.2f}  {sim / base:5.2f}  {once:13.1f}")


if __name__ == "__main__":
    main()
