"""What a user asks of a generator, checked before anything is made."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from echodfkd.errors import UsageError, unknown_name
from echodfkd.synth import make_generator, options_of
from echodfkd.synth.base import FRACTIONS, Generator

LAYOUTS = ("echonet", "nifti")  # nifti: the same, its videos as NIfTI files
SIZES = (32, 1024)  # pixels
RATES = (1.0, 500.0)  # Hz
GUIDANCE = 100.0  # beyond this a picture is a caricature of what it is told


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
    mask: Sequence[Path] = (),
    prompt: Sequence[str] = (),
    weights: str | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    batch: int | None = None,
) -> Generator:
    """A generator from command-line values; None leaves the choice to the generator.

    Args:
        name: of the registry. device: "auto", "cpu", "cuda" or "mps", for generators with a network.
        layout: of the set on disk. frames: per clip, >= 1. size: side in pixels, even, 32..1024.
        fps: 1..500 Hz. view, preset: names that the generator knows. ef: "LO:HI" in percent.
        mask: label maps to draw by. prompt: texts to draw by, or files of them.
        weights: folder or hub id. steps: of sampling, >= 1.
        guidance: weight of what a network is told, >= 0. batch: clips at once, >= 1.

    Raises:
        UsageError: when a value is out of range, or the generator does not have the option.
        EchoError: when the generator's weights are missing or damaged.
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
        "mask": tuple(mask) or None,
        "prompt": tuple(prompt) or None,
        "weights": weights,
        "steps": steps,
        "guidance": guidance,
        "batch": batch,
    }
    _check(frames, size, fps)
    _check_sampling(steps, guidance, batch, mask)
    given = {key: value for key, value in options.items() if value is not None}
    if "device" in options_of(name):
        given["device"] = device
    return make_generator(name, **given)


def _check(frames: int | None, size: int | None, fps: float | None) -> None:
    if frames is not None and frames < 1:
        raise UsageError(f"--frames must be at least 1, got {frames}")
    if size is not None and (size % 2 or not SIZES[0] <= size <= SIZES[1]):
        raise UsageError(f"--size must be an even number from {SIZES[0]} to {SIZES[1]}, got {size}")
    if fps is not None and not RATES[0] <= fps <= RATES[1]:
        raise UsageError(f"--fps must be from {RATES[0]:g} to {RATES[1]:g} Hz, got {fps:g}")


def _check_sampling(
    steps: int | None, guidance: float | None, batch: int | None, mask: Sequence[Path]
) -> None:
    for option, value in (("steps", steps), ("batch", batch)):
        if value is not None and value < 1:
            raise UsageError(f"--{option} must be at least 1, got {value}")
    if guidance is not None and not 0 <= guidance <= GUIDANCE:
        raise UsageError(f"--guidance must be from 0 to {GUIDANCE:g}, got {guidance:g}")
    absent = [path for path in mask if not path.is_file()]
    if absent:
        raise UsageError(f"--mask {absent[0]} is no file")


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
