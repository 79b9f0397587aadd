"""A long clip in parts, for models that take the frames of a call for the clip."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

# Frames that share one context: 2.5 s at 50 fps, more than a beat at any rate. A network that looks both ways
# sees each part as a clip of its own; a causal one goes on with the state of the part before.
CHUNK = 128


def spans(frames: int, chunk: int = CHUNK) -> Iterator[slice]:
    """Cut 0..frames into nearly equal parts of at most `chunk`, so that no part is a lonely tail."""
    parts = -(-frames // chunk)
    edges = np.linspace(0, frames, parts + 1).round().astype(int)
    return (slice(int(a), int(b)) for a, b in pairwise(edges))
