"""A text-image model that can be followed by hand: it sees how much of a frame is cavity, wall, and black."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.eval.auxiliary.prompts import Prompts

Floats = npt.NDArray[np.float32]
CAVITY, WALL = (1, 99), (100, 255)  # grey values, as `dark_cavity.beating` paints them


@dataclass
class Tissues:
    """Embeds frames as (cavity, wall, black, 0): shares of the pixels; texts as the axis they name.

    EF prompts lie at an angle that grows with their distance from `said`. OPEN is no tissue; CLOSED is the
    wall, of which more is seen the smaller the LV is.
    """

    name: str = "tissues"
    digest: str = "cd" * 32
    claim: str = "sees grey values"
    note: str = "made for a test"
    said: int = 63
    prompts: Prompts = field(default_factory=Prompts)

    def embed_frames(self, frames: Frames) -> Floats:
        shares = [((frames >= low) & (frames <= high)).mean((1, 2)) for low, high in (CAVITY, WALL)]
        black = (frames == 0).mean((1, 2))
        vectors = np.stack([*shares, black, np.zeros_like(black)], axis=1)
        return _unit(vectors)

    def embed_text(self, texts: Sequence[str]) -> Floats:
        return _unit(np.array([self._text(text) for text in texts]))

    def _text(self, text: str) -> list[float]:
        axes = {"LEFT VENTRICLE": 0, "WALL": 1, "NOTHING": 2, "THE MITRAL VALVE IS CLOSED": 1}
        if text in axes:
            return [float(k == axes[text]) for k in range(4)]
        digits = "".join(letter for letter in text if letter.isdigit())
        if not digits:
            return [0.0, 0.0, 0.0, 1.0]
        angle = np.pi / 2 * abs(int(digits) - self.said) / 101
        return [0.0, float(np.cos(angle)), 0.0, float(np.sin(angle))]


def _unit(vectors: npt.NDArray[np.float64]) -> Floats:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
