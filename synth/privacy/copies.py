"""What people do to a clip that they copy: the alterations that the filter must see through."""

from collections.abc import Callable

import numpy as np

from echodfkd.clip import Frames
from echodfkd.synth.sim.storage import through_h264

Rng = np.random.Generator
SHIFT = 3  # pixels, along both axes
GAMMAS = (0.6, 1.6)
RATE_FACTOR = 30  # of H.264: a small file
COPIES, COPY_FRAMES = 50, 64  # clips of a set that are copied on purpose, and of how many frames
FPS = 50.0  # handed to the encoder, which looks at no clock


def reencoded(frames: Frames, rng: Rng) -> Frames:
    """Through H.264 at a low rate; an odd last row or column is lost."""
    _, height, width = frames.shape
    return through_h264(frames[:, : height // 2 * 2, : width // 2 * 2], FPS, RATE_FACTOR)


def shifted(frames: Frames, rng: Rng) -> Frames:
    """Moved 3 pixels along both axes, black where nothing is known."""
    down, right = rng.choice((-SHIFT, SHIFT), 2)
    moved = np.roll(frames, (down, right), axis=(1, 2))
    moved[:, slice(0, down) if down > 0 else slice(down, None)] = 0
    moved[:, :, slice(0, right) if right > 0 else slice(right, None)] = 0
    return moved


def regraded(frames: Frames, rng: Rng) -> Frames:
    """Grey levels to the power of .6 or 1.6."""
    curve = 255 * (np.arange(256) / 255) ** rng.choice(GAMMAS)
    return np.round(curve).astype(np.uint8)[frames]


def restarted(frames: Frames, rng: Rng) -> Frames:
    """Begins at another frame, in the first half of the clip."""
    return frames[int(rng.integers(1, len(frames) // 2 + 1)) if len(frames) > 1 else 0 :]


ALTERATIONS: dict[str, Callable[[Frames, Rng], Frames]] = {
    "started at another frame": restarted,
    "shifted": shifted,
    "gamma": regraded,
    "re-encoded": reencoded,
}


def altered_copy(frames: Frames, rng: Rng) -> Frames:
    """A copy with every alteration at once, uint8 (T', H', W') with T' <= T."""
    for alter in ALTERATIONS.values():
        frames = alter(frames, rng)
    return frames


def known_copy(frames: Frames, number: int) -> Frames:
    """The altered copy of clip `number` of a set that tells how alike copies are, uint8 (T', H', W')."""
    return altered_copy(frames[:COPY_FRAMES], np.random.default_rng(number))
