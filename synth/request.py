"""What a user asks of a generator, checked before anything is made."""

import inspect
from typing import Any

from echodfkd.errors import UsageError, unknown_name
from echodfkd.synth import GENERATORS, make_generator
from echodfkd.synth.base import Generator

LAYOUTS = ("echonet",)
SIZES = (32, 1024)  # pixels
RATES = (1.0, 500.0)  # Hz
FRACTIONS = (5.0, 90.0)  # percent


def build_generator(
    name: str,
    *,
    device: str = "auto",
    layout: str = "echonet",
    frames: int | None = None,
    size: int | None = None,
    fps: float | None = None,
    view: str | None = None,
    preset: str | None = None,
    ef: str | None = None,
) -> Generator:
    """A generator from command-line values; None leaves the choice to the generator.

    Args:
        name: of the registry. device: "auto", "cpu", "cuda" or "mps", for generators with a network.
        layout: of the set on disk. frames: per clip, >= 1. size: side in pixels, even, 32..1024.
        fps: 1..500 Hz. view, preset: names that the generator knows. ef: "LO:HI" in percent.

    Raises:
        UsageError: when a value is out of range, or the generator does not have the option.
    """
    if layout not in LAYOUTS:
        raise unknown_name("format", layout, list(LAYOUTS))
    options: dict[str, Any] = {
        "frames": frames,
        "size": size,
        "fps": fps,
        "view": view,
        "preset": preset,
        "ef": None if ef is None else parse_ef(ef),
    }
    _check(frames, size, fps)
    given = {key: value for key, value in options.items() if value is not None}
    if name in GENERATORS and "device" in inspect.signature(GENERATORS[name]).parameters:
        given["device"] = device
    return make_generator(name, **given)


def _check(frames: int | None, size: int | None, fps: float | None) -> None:
    if frames is not None and frames < 1:
        raise UsageError(f"--frames must be at least 1, got {frames}")
    if size is not None and (size % 2 or not SIZES[0] <= size <= SIZES[1]):
        raise UsageError(f"--size must be an even number from {SIZES[0]} to {SIZES[1]}, got {size}")
    if fps is not None and not RATES[0] <= fps <= RATES[1]:
        raise UsageError(f"--fps must be from {RATES[0]:g} to {RATES[1]:g} Hz, got {fps:g}")


def parse_ef(text: str) -> tuple[float, float]:
    """(lowest, highest) ejection fraction in percent from "LO:HI".

    >>> parse_ef("20:70")
    (20.0, 70.0)

    Raises:
        UsageError: when it does not read so, is upside down, or leaves 5..90.
    """
    low_text, _, high_text = text.partition(":")
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        raise UsageError(f"--ef must be LO:HI in percent, such as 20:70, got {text!r}") from None
    if not FRACTIONS[0] <= low <= high <= FRACTIONS[1]:
        raise UsageError(f"--ef must have {FRACTIONS[0]:g} <= LO <= HI <= {FRACTIONS[1]:g}, got {text!r}")
    return low, high
