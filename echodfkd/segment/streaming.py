"""Frames on their way: sampled, cropped to squares, predicted in windows, laid back on the input's grid.

Shapes: T frames of (H, W) as stored, worked on as (T, S, S) squares, S = the segmenter's side.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.readers import Source
from echodfkd.sector import Sector, crop, uncrop
from echodfkd.segment.spool import Spool
from echodfkd.segmenter import Prob, Segmenter

SAMPLED, REACH = 32, 128  # frames that the sector is looked for in, and the first frames they are spread over
BLOCK_BYTES = 8 * 2**20  # of full-size frames held at once
WINDOW, WARM_UP = 512, 32  # frames per call of the segmenter, and those that a recurrent one sees around them


def sample(source: Source) -> Frames:
    """Up to 32 frames spread over the beginning of an input, uint8 (N, H, W).

    Raises:
        EchoError: if the input has no frame.
    """
    stride = max(1, min(source.n_frames or REACH, REACH) // SAMPLED)
    frames = list(islice(source.frames(), 0, SAMPLED * stride, stride))
    if not frames:
        raise EchoError(f"{source.path} has no frames")
    return np.stack(frames)


def squares(source: Source, sector: Sector, size: int, flip: bool) -> Iterator[Frames]:
    """Each frame cropped to its sector, uint8 (size, size), mirrored left and right with `flip`."""
    for frame in source.frames():
        square = crop(frame[None], sector, size, source.spacing_mm)[0]
        yield square[:, ::-1] if flip else square


def predict_stream(frames: Iterable[Frames], segmenter: Segmenter) -> Iterator[Prob]:
    """Soft masks uint8 (n, S, S) in blocks for a stream of squares (S, S) of any length.

    A recurrent model sees `WARM_UP` frames on both sides of each window; clips of up to `WINDOW` frames go in
    whole. A frame without any contrast (black, blank) holds no LV, whatever a model makes of it.
    """
    stream = iter(frames)
    before: list[Frames] = []
    current = list(islice(stream, WINDOW))
    while current:
        after = list(islice(stream, WINDOW))
        seen = np.stack([*before, *current, *after[:WARM_UP]])
        prob = segmenter.predict(seen)
        prob = np.where(np.ptp(seen, axis=(1, 2), keepdims=True) > 0, prob, 0).astype(np.uint8)
        yield prob[len(before) : len(before) + len(current)]
        before, current = current[-WARM_UP:], after


def on_input_grid(spool: Spool, source: Source, sector: Sector, flip: bool) -> Iterator[Prob]:
    """Soft masks on the grid of the input as stored, uint8 (n, H, W) in blocks of about 8 MiB."""
    count = max(1, BLOCK_BYTES // (source.shape[0] * source.shape[1]))
    for block in spool.blocks(count):
        yield lay_back(block, source, sector, flip)


def lay_back(prob: Prob, source: Source, sector: Sector, flip: bool) -> Prob:
    """Soft masks (n, S, S) on the input's grid (n, H, W), mirrored back where they were flipped."""
    as_stored = prob[:, :, ::-1] if flip else prob
    return uncrop(np.ascontiguousarray(as_stored), sector, source.shape, source.spacing_mm)
