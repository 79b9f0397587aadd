"""`echodfkd segment --stream`: masks of frames as they arrive, a line of JSON for each."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from echodfkd.errors import UsageError

if TYPE_CHECKING:
    from echodfkd.live.run import Told
    from echodfkd.segment.batch import Options

MODEL = "tiny"


def segment_stream(
    inputs: list[Path],
    model: str | None,
    output: Path,
    options: "Options",
    raw: tuple[int, int] | None,
    device: str,
    anonymous: bool,
    quiet: bool,
) -> None:
    """Follow one input to its end, then write NAME.npz and NAME.json.

    Raises:
        UsageError: for several inputs, or a model that looks ahead.
    """
    from dataclasses import replace

    from echodfkd.live.frames import arriving
    from echodfkd.live.model import load_stepper
    from echodfkd.live.run import follow, start

    if len(inputs) != 1 or inputs[0].is_dir():
        raise UsageError("--stream takes one input: a file, a capture device, or - for frames in a pipe")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is a file; --output names a folder")
    stepper = load_stepper(model or MODEL, device)
    come = arriving(inputs[0], raw, options.fps, options.spacing_mm)
    come = replace(come, name="clip-0001") if anonymous else come
    stream, frames = start(come, stepper, options.box, options.spacing_mm, options.flip)
    with stream.spool:
        written = follow(stream, frames, _silent if quiet else _tell, output)
    if not quiet:
        _sum_up(stream.facts(), written[1])


def _silent(told: "Told") -> None:
    pass


def _tell(told: "Told") -> None:
    line = {"frame": told.frame, "area_px": told.area_px, "latency_ms": round(told.latency_ms, 2)}
    print(json.dumps(line))
    for event in told.events:
        found = {"event": event.kind, "frame": event.frame, "known_at": event.known_at, "lag": event.lag}
        print(json.dumps(found))
    sys.stdout.flush()


def _sum_up(facts: dict, path: Path) -> None:
    """What it took, on stderr: stdout belongs to the lines of JSON."""
    times, lag = facts["latency_ms"], facts["lag_frames"]
    took = ", ".join(f"{name} {value}" for name, value in times.items())
    known = f", known {lag['median']:g} frames later (at most {lag['max']})" if lag else ""
    events = f"ED {len(facts['ed_frames'])}, ES {len(facts['es_frames'])}{known}"
    print(f"{facts['frames']} frames, ms a frame: {took}; {events}; {path}", file=sys.stderr)
