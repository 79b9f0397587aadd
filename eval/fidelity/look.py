"""How two sets are looked at alike: the same rate, size and number of frames."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, mode
from typing import NamedTuple

import numpy as np

from echodfkd.clip import Clip, Frames
from echodfkd.clipset import ClipSet
from echodfkd.corrupt import problem_of, stop_if_too_many
from echodfkd.errors import EchoError
from echodfkd.eval.notes import counted
from echodfkd.sector import clip_sector, crop

FRAMES = 64  # most frames of a clip whose features are taken
SAME_RATE = 0.02  # relative difference that is none
UNKNOWN_RATE = 50.0  # Hz, where neither set knows its own


class Shape(NamedTuple):
    """What a clip is like: rate in Hz or None, number of frames, height and width in pixels."""

    fps: float | None
    frames: int
    height: int
    width: int


@dataclass(frozen=True)
class Look:
    """What is seen of every clip of both sets.

    Attributes:
        rate: frames per second; slower clips stay as they are. size: side of the squares in pixels.
        frames: how many of a clip features are taken of. notes: what was done to which set.
    """

    rate: float
    size: int
    frames: int = FRAMES
    notes: tuple[str, ...] = ()

    def video(self, clip: Clip) -> Frames:
        """All frames of a clip at this rate (the nearest in time, never blends), uint8 (T, size, size)."""
        step = self.step(clip.fps)
        wanted = np.arange(len(clip) / step)
        chosen = np.unique(np.minimum(np.floor(wanted * step + 1e-6).astype(int), len(clip) - 1))
        frames = clip.frames if step == 1 else clip.frames[chosen]
        return crop(frames, clip_sector(clip.frames), self.size)

    def step(self, fps: float | None) -> float:
        """How many frames of a clip of that rate make one here, 1 or more."""
        ratio = (fps or self.rate) / self.rate
        return ratio if ratio > 1 + SAME_RATE else 1.0

    def rate_of(self, clip: Clip) -> float:
        """Rate of `video` in Hz."""
        return (clip.fps or self.rate) / self.step(clip.fps)


def alike(sets: Mapping[str, Sequence[Shape]]) -> Look:
    """The look at sets of these shapes, by name: the lowest rate, the smallest size, what all are long.

    Raises:
        EchoError: if one of them is empty.
    """
    for name, shapes in sets.items():
        if not shapes:
            raise EchoError(f"{name} holds no clips to compare")
    rates = {name: _rate(shapes) for name, shapes in sets.items()}
    rate = min((found for found in rates.values() if found), default=UNKNOWN_RATE)
    sides = {name: mode(min(shape.height, shape.width) for shape in shapes) for name, shapes in sets.items()}
    size = min(sides.values())
    look = Look(rate, size)
    lengths = [median(shape.frames / look.step(shape.fps) for shape in shapes) for shapes in sets.values()]
    notes = tuple(note for name, shapes in sets.items() for note in _notes(name, shapes, look))
    return Look(rate, size, max(1, min(FRAMES, *(round(length) for length in lengths))), notes)


def _rate(shapes: Sequence[Shape]) -> float | None:
    known = [shape.fps for shape in shapes if shape.fps]
    return median(known) if known else None


def _notes(name: str, shapes: Sequence[Shape], look: Look) -> Iterator[str]:
    unknown = sum(not shape.fps for shape in shapes)
    if unknown:
        yield f"{counted(unknown, 'clip')} of {name} without a frame rate: {look.rate:g} Hz is assumed."
    fast = sum(look.step(shape.fps) > 1 for shape in shapes)
    if fast:
        yield f"{counted(fast, 'clip')} of {name} resampled to {look.rate:g} Hz, the lower rate of both sets."
    slow = sum(bool(shape.fps) and shape.fps < (1 - SAME_RATE) * look.rate for shape in shapes)  # type: ignore[operator]
    if slow:
        yield f"{counted(slow, 'clip')} of {name} slower than {look.rate:g} Hz, compared as they are."
    other = sum((shape.height, shape.width) != (look.size, look.size) for shape in shapes)
    if other:
        yield f"{counted(other, 'clip')} of {name} resized to {look.size}x{look.size}."


def survey(clips: ClipSet) -> list[Shape]:
    """The shapes of a set's readable clips; only those of which its list does not tell are opened."""
    return [_listed(clips, index) for index in range(len(clips))] if _all_listed(clips) else _opened(clips)


def _all_listed(clips: ClipSet) -> bool:
    return all(None not in (one.frames, one.height, one.width) for one in clips.records)


def _listed(clips: ClipSet, index: int) -> Shape:
    one = clips.records[index]
    return Shape(one.fps, one.frames or 0, one.height or 0, one.width or 0)


def _opened(clips: ClipSet) -> list[Shape]:
    return [Shape(clip.fps, *clip.frames.shape) for clip in readable(clips)]


def readable(clips: ClipSet) -> Iterator[Clip]:
    """Every clip that can be read, without masks.

    Raises:
        EchoError: if over 1% are unreadable (one is always forgiven).
    """
    bad = 0
    for record in clips.records:
        try:
            clip = clips.load(record, masks=False)
        except EchoError as error:
            bad += 1
            stop_if_too_many(bad, len(clips), clips.root, problem_of(record, error))
        else:
            yield clip
