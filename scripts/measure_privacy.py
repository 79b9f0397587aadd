"""How many hidden copies the re-identification filter finds, and how many fresh clips it rejects, on `sim`.

Command:  uv run python scripts/measure_privacy.py [PRESET] [TRAINING] [COPIES] [FRESH]
Prints the threshold, then a row per kind of copy: every combination of the alterations that the filter is
built for, together, and each alone; then kinds that it never saw. Two minutes of one slow core.
"""

import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from echodfkd.clip import Frames
from echodfkd.clipset import ClipSet
from echodfkd.synth.privacy.copies import ALTERATIONS, Rng
from echodfkd.synth.privacy.filter import PrivacyFilter, fit_filter
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.storage import through_h264
from echodfkd.synth.write import write_clip_set

FRAMES = 24


def combination(number: int) -> tuple[str, ...]:
    """Combination `number`, in turn, of one to four of the alterations."""
    sizes = range(1, len(ALTERATIONS) + 1)
    every = [names for size in sizes for names in itertools.combinations(ALTERATIONS, size)]
    return every[number % len(every)]


def altered(frames: Frames, names: tuple[str, ...], rng: Rng) -> Frames:
    for name in names:
        frames = ALTERATIONS[name](frames, rng)
    return frames


def warped(frames: Frames, scale: float, degrees: float) -> Frames:
    height, width = frames.shape[1:]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale)
    return np.stack([cv2.warpAffine(frame, matrix, (width, height)) for frame in frames])


def through_codec(frames: Frames) -> Frames:
    """Down to a quarter of the side and up again: what little a latent model may remember of a clip."""
    height, width = frames.shape[1:]
    small = [cv2.resize(f, (width // 4, height // 4), interpolation=cv2.INTER_AREA) for f in frames]
    return np.stack([cv2.resize(f, (width, height), interpolation=cv2.INTER_CUBIC) for f in small])


UNSEEN: dict[str, Callable[[Frames, Rng], Frames]] = {
    "mirrored": lambda frames, rng: frames[:, :, ::-1],
    "half the frame rate": lambda frames, rng: frames[1::2],
    "backwards": lambda frames, rng: frames[::-1],
    "a single frame": lambda frames, rng: frames[17:18],
    "enlarged by 4%": lambda frames, rng: warped(frames, 1.04, 0.0),
    "turned by 3 degrees": lambda frames, rng: warped(frames, 1.0, 3.0),
    "blurred by 2 px": lambda frames, rng: np.stack([cv2.GaussianBlur(f, (0, 0), 2.0) for f in frames]),
    "noise of 20 grey levels": lambda frames, rng: np.clip(
        frames + rng.normal(0, 20, frames.shape), 0, 255
    ).astype(np.uint8),
    "H.264 at rate factor 40": lambda frames, rng: through_h264(frames, 50.0, 40),
    "through 28 x 28 pixels": lambda frames, rng: through_codec(frames),
}


def row(name: str, frames: Iterator[Frames], privacy: PrivacyFilter) -> None:
    found = [privacy.judge(one) for one in frames]
    alike = np.array([verdict.similarity for verdict in found])
    rejected = sum(verdict.rejected for verdict in found)
    least, middle, most = alike.min(), np.median(alike), alike.max()
    print(f"| {name} | {len(found)} | {rejected} | {least:.2f} | {middle:.2f} | {most:.2f} |", flush=True)


def main(preset: str = "echonet", training: str = "200", copies: str = "100", fresh: str = "200") -> None:
    cv2.setNumThreads(1)
    generator = SimGenerator(frames=FRAMES, preset=preset)
    with tempfile.TemporaryDirectory() as folder:
        root = write_clip_set(generator, Path(folder) / "training", clips=int(training), seed=1).root
        clips = ClipSet.open(root)
        privacy = fit_filter(clips)
        at = privacy.threshold
        drawn = (clips.load(i % len(clips), masks=False).frames for i in range(int(copies)))
        hidden = list(drawn)
    print(
        f"{preset}: {training} training clips, threshold {at.value}, by the published rule {at.published:.4f}"
    )
    print("| clips | n | rejected | least alike | median | most alike |\n|---|---|---|---|---|---|")
    row("fresh", (generator.clip(2, i).frames for i in range(int(fresh))), privacy)
    every = (altered(f, combination(i), np.random.default_rng((3, i))) for i, f in enumerate(hidden))
    row("copies, all combinations in turn", every, privacy)
    few = list(enumerate(hidden[:20]))
    for name in ALTERATIONS:
        row(name, (altered(f, (name,), np.random.default_rng((4, i))) for i, f in few), privacy)
    row("all four", (altered(f, tuple(ALTERATIONS), np.random.default_rng((5, i))) for i, f in few), privacy)
    for name, alter in UNSEEN.items():
        row(name, (alter(f, np.random.default_rng((6, i))) for i, f in few), privacy)


if __name__ == "__main__":
    main(*sys.argv[1:])
