"""ED and ES while the heart beats on: each is told once, as soon as it will not move any more."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from echodfkd.beats import detect_events
from echodfkd.turns import nominal_fps

MEMORY_S = 4.0  # of curve that is looked at: three beats or more
SETTLED_S = 0.2  # an ED stands at the last maximum before the steepest fall, which comes within this time
LEAST = 8  # frames before anything is looked for
NOMINAL_FPS = 50.0  # Hz, as long as neither the user nor a rhythm tells


@dataclass(frozen=True)
class Event:
    """An event of a stream.

    Attributes:
        kind: "ED" or "ES". frame: where it stands, 0-based. known_at: the frame that it was told at.
    """

    kind: str
    frame: int
    known_at: int

    @property
    def lag(self) -> int:
        """Frames between the event and the knowledge of it."""
        return self.known_at - self.frame


class LiveEvents:
    """Finds the events of an area curve that grows.

    The last seconds are judged anew with each frame by `echodfkd.beats.detect_events`; what stands there for
    longer than `SETTLED_S`, with the curve well on its way back, is told. So the lag is at least that, and
    otherwise what the heart takes to move by 30% of its swing.

    Args:
        fps: Hz; None: taken from the curve's rhythm.
    """

    def __init__(self, fps: float | None) -> None:
        self.fps = fps
        self._curve: deque[float] = deque(maxlen=max(LEAST, round(MEMORY_S * (fps or NOMINAL_FPS))))
        self._count = 0
        self._last = Event("", -1, -1)

    def add(self, area: float) -> list[Event]:
        """Take the next frame's LV area; the events that are known now, in order."""
        self._curve.append(area)
        self._count += 1
        if len(self._curve) < LEAST:
            return []
        curve = np.array(self._curve)
        start, now = self._count - len(curve), self._count - 1
        newest = now - SETTLED_S * (self.fps or nominal_fps(curve))
        found = detect_events(curve, self.fps)
        known = [
            Event(kind, start + f, now) for kind in ("ED", "ES") for f in getattr(found, kind.lower()) if f
        ]
        told = []
        for event in sorted(known, key=lambda event: event.frame):
            if self._last.frame < event.frame <= newest and event.kind != self._last.kind:
                self._last = event
                told.append(event)
        return told
