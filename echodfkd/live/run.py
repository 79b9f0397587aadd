"""A stream of frames to masks, one at a time, with what that took; and the files that are left of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from echodfkd.clip import BoolMask, Frames
from echodfkd.errors import EchoError
from echodfkd.files import atomic_path, write_json
from echodfkd.live.events import Event, LiveEvents
from echodfkd.live.frames import Arriving
from echodfkd.live.model import Stepper
from echodfkd.readers import Source
from echodfkd.sector import Box, Sector, crop, find_sector, from_box, uncrop
from echodfkd.segment.masks import lv_masks
from echodfkd.segment.npz_stream import NpzWriter
from echodfkd.segment.result import EVENT_DEFINITION
from echodfkd.segment.spool import Spool
from echodfkd.segment.streaming import sample
from echodfkd.segmenter import Prob

FIRST = 16  # frames of a pipe or a device that the sector is looked for in; they wait for it
BLOCK = 32  # frames written at once
PERCENTILES = (50, 90, 99)
Spacing = tuple[float, float]


@dataclass(frozen=True)
class Told:
    """What is known when a frame's mask is there: its number, LV area, time in ms, and events known now."""

    frame: int
    area_px: float
    latency_ms: float
    events: tuple[Event, ...]
    mask: BoolMask


@dataclass
class Stream:
    """One stream through a model.

    Args:
        arriving: the frames. model: goes frame by frame. sector: of the frames.
        spacing_mm: (row, column) or None. flip: mirror left and right for the model.
    """

    arriving: Arriving
    model: Stepper
    sector: Sector
    shape: tuple[int, int]
    spacing_mm: Spacing | None
    flip: bool = False
    waited: int = 0
    areas: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spool = Spool(self.model.size)
        self.live = LiveEvents(self.arriving.fps)

    def run(self, frames: Iterator[Frames]) -> Iterator[Told]:
        """Masks of frames, uint8 (H, W) each, as they arrive.

        Raises:
            EchoError: when a frame has another size than those before.
        """
        self.model.restart()
        for number, frame in enumerate(frames):
            if frame.shape != self.shape:
                raise EchoError(f"frame {number} is {frame.shape}, the frames before are {self.shape}")
            begun = time.perf_counter()
            square = self._square(frame)
            prob = self.model.step(square) if square.any() and np.ptp(square) else self._blank(square)
            mask = self._laid_back(prob[None])[0]
            self.areas.append(float(mask.sum()))
            events = tuple(self.live.add(self.areas[-1]))
            self.latencies.append(1e3 * (time.perf_counter() - begun))
            self.events += events
            self.spool.append(prob[None])
            yield Told(number, self.areas[-1], self.latencies[-1], events, mask)

    def _square(self, frame: Frames) -> Frames:
        square = crop(frame[None], self.sector, self.model.size, self.spacing_mm)[0]
        return np.ascontiguousarray(square[:, ::-1]) if self.flip else square

    def _blank(self, square: Frames) -> Prob:
        """A frame without contrast holds no LV, but the model sees it, too."""
        return np.zeros_like(self.model.step(square))

    def _prob(self, squares: Prob) -> Prob:
        as_stored = np.ascontiguousarray(squares[:, :, ::-1]) if self.flip else squares
        return uncrop(as_stored, self.sector, self.shape, self.spacing_mm)

    def _laid_back(self, squares: Prob) -> BoolMask:
        return lv_masks(self._prob(squares))

    def facts(self) -> dict[str, Any]:
        """What `NAME.json` says; times in ms, lags in frames."""
        lags = [event.lag for event in self.events]
        return {
            "frames": len(self.areas),
            "fps": self.arriving.fps,
            "spacing_mm": self.spacing_mm,
            "area_px": self.areas,
            "ed_frames": [event.frame for event in self.events if event.kind == "ED"],
            "es_frames": [event.frame for event in self.events if event.kind == "ES"],
            "event_definition": EVENT_DEFINITION,
            "events": [vars(event) | {"lag": event.lag} for event in self.events],
            "lag_frames": {"median": float(np.median(lags)), "max": max(lags)} if lags else None,
            "latency_ms": latency(self.latencies),
            "frames_waited_for_the_sector": self.waited,
            "convention": self.model.convention,
            "orientation": "flipped" if self.flip else "as stored",
            "model": {"name": self.model.name, "sha256": self.model.digest, "claim": self.model.claim},
        }

    def write(self, folder: Path) -> list[Path]:
        """Write `NAME.npz` (mask, prob, area_px) and `NAME.json`, as `segment` does."""
        npz, json = (folder / f"{self.arriving.name}{suffix}" for suffix in (".npz", ".json"))
        shape = (len(self.spool), *self.shape)
        with ExitStack() as stack:
            parts = [stack.enter_context(atomic_path(path)) for path in (npz, json)]
            with NpzWriter(parts[0]) as archive:
                archive.add("mask", shape, np.bool_, map(self._laid_back, self.spool.blocks(BLOCK)))
                archive.add("prob", shape, np.uint8, map(self._prob, self.spool.blocks(BLOCK)))
                archive.add("area_px", shape[:1], np.float64, [np.array(self.areas)])
            write_json(parts[1], self.facts())
        return [npz, json]


def latency(times: list[float]) -> dict[str, float]:
    """Percentiles in ms, the largest, and the first, which has the model to warm up."""
    if not times:
        return {}
    found = {f"p{p}": round(float(np.percentile(times, p)), 3) for p in PERCENTILES}
    return found | {"max": round(max(times), 3), "first": round(times[0], 3)}


def start(
    arriving: Arriving,
    model: Stepper,
    box: Box | None = None,
    spacing_mm: Spacing | None = None,
    flip: bool = False,
) -> tuple[Stream, Iterator[Frames]]:
    """A stream that is ready to run, and all its frames.

    Of a file the sector is looked for beforehand, as `segment` does; of a pipe or a device in its first
    frames, which wait; with a box nothing waits.

    Raises:
        EchoError: if no frame comes, or the box does not fit.
    """
    frames, source = arriving.frames, arriving.source
    if source is not None:
        sector = find_sector(sample(source)) if box is None else from_box(source.shape, box)
        return Stream(arriving, model, sector, source.shape, _spacing(source, spacing_mm), flip), frames
    first = list(islice(frames, FIRST if box is None else 1))
    if not first:
        raise EchoError(f"{arriving.name}: no frame came")
    shape = (first[0].shape[0], first[0].shape[1])
    if any(frame.shape != shape for frame in first):
        raise EchoError(f"{arriving.name}: frames of several sizes came")
    sector = find_sector(np.stack(first)) if box is None else from_box(shape, box)
    stream = Stream(arriving, model, sector, shape, spacing_mm, flip, waited=0 if box else len(first))
    return stream, chain(first, frames)


def _spacing(source: Source, given: Spacing | None) -> Spacing | None:
    return given or source.spacing_mm


def follow(
    stream: Stream, frames: Iterator[Frames], tell: Callable[[Told], None], folder: Path
) -> list[Path]:
    """Run a stream to its end and write its files; on Ctrl-C, too, the usual end of a device."""
    try:
        for told in stream.run(frames):
            tell(told)
    except KeyboardInterrupt:
        if stream.areas:
            stream.write(folder)
        raise
    return stream.write(folder)
