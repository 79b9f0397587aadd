"""What scripts/ablate.py can take away: each undone when its block ends.

All of it is done by `swapped` and `redrawn`. A training clip keeps every draw but what is taken away.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from echodfkd.distill import objective
from echodfkd.distill.augment import ClipAugment
from echodfkd.students import context
from echodfkd.students.shift import WholeClip
from echodfkd.synth import mixture
from echodfkd.synth.sim import anatomy, display, rhythm, scanner, scene
from echodfkd.synth.sim.anatomy import Anatomy, Array
from echodfkd.synth.sim.brightness import Echo
from echodfkd.synth.sim.display import Geometry
from echodfkd.synth.sim.scanner import Style

Rng = np.random.Generator
Taken = AbstractContextManager[None]  # while it lasts, something is taken away


@contextmanager
def swapped(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Put `value` in the place of an attribute of a module or class."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def redrawn(owner: Any, name: str, change: Callable[[Any, Rng], Any]) -> Taken:
    """Pass what the function `owner.name(rng, ...)` draws through `change`.

    `change` has random numbers of its own: all that is drawn later stays as it was.
    """
    draw = getattr(owner, name)
    return swapped(owner, name, lambda rng, *rest: change(draw(rng, *rest), rng.spawn(1)[0]))


@contextmanager
def all_of(*parts: Taken) -> Iterator[None]:
    """Several at once."""
    with ExitStack() as stack:
        for part in parts:
            stack.enter_context(part)
        yield


def literature() -> Taken:
    """Only ranges that need no look at a real clip."""

    def heart(drawn: Anatomy, rng: Rng) -> Anatomy:
        to_mean = rng.uniform(1, 3) / np.mean(drawn.trabeculae)  # mm, mean over the three sides
        septum, apex, lateral = (float(to_mean * side) for side in drawn.trabeculae)
        return replace(drawn, trabeculae=(septum, apex, lateral))

    def echo(drawn: Echo, rng: Rng) -> Echo:
        layer = {"trabeculae": -3.0, "fade": 0.0}
        bright = {"atria": 0.0, "right_heart": 0.0, "lateral": 0.0}  # all walls like the septum
        lines = {"border": 3.0, "annulus": 6.0, "pericardium": 8.0, "lung": -30.0}
        return replace(drawn, blood=rng.uniform(-60, -40), **layer, **bright, **lines)

    def style(drawn: Style, rng: Rng) -> Style:
        plain = {"clutter": -34.0, "haze_drift": 0.0, "decorations": False}
        return replace(drawn, gain=rng.uniform(-29, -13), **plain)

    return all_of(
        redrawn(anatomy, "sample_anatomy", heart),
        redrawn(scene, "sample_echo", echo),
        redrawn(scanner, "sample_style", style),
    )


def no_haze() -> Taken:
    """No clutter, and a gain that is the same everywhere: no error with depth, ripple or shadow."""
    gain_map = display.gain_map

    def flat(style: Style, geometry: Geometry, rng: Rng) -> Array:
        return np.full_like(gain_map(style, geometry, rng), style.gain)

    clear = redrawn(scanner, "sample_style", lambda style, _: replace(style, clutter=-60.0, haze_drift=0.0))
    return all_of(clear, swapped(display, "gain_map", flat))


def plain_scanner() -> Taken:
    """No compounding, no post-processing, no captured screens, no H.264."""
    off: dict[str, Any] = {"looks": 1, "sharpen": 0.0, "despeckle": False, "curve": 0.0, "h264": 0}
    return redrawn(scanner, "sample_style", lambda style, _: replace(style, **off, menus=False))


def no_layer() -> Taken:
    """The trabecular layer between traced contour and compact wall hardly there: .1 mm."""
    return redrawn(anatomy, "sample_anatomy", lambda heart, _: replace(heart, trabeculae=(0.1, 0.1, 0.1)))


def one_rhythm() -> Taken:
    """Sinus rhythm at 70 per minute in hearts that contract evenly and do not rock."""

    def steady(rng: Rng, seconds: float) -> rhythm.Cycle:
        rhythm.sample_cycle(rng, seconds)  # takes from `rng` what it takes elsewhere
        return rhythm.sample_cycle(rng.spawn(1)[0], seconds, rate=70.0, rhythm="sinus")

    even = redrawn(scene, "sample_motion", lambda drawn, _: replace(drawn, segments=(), rock=0.0, lag=0.0))
    return all_of(even, swapped(scene, "sample_cycle", steady))


def no_context() -> Taken:
    """The network sees the frame itself in place of its clip's mean, and a spread of zero."""
    views = context.views

    def alone(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return views(x, x, torch.zeros_like(variance))

    return swapped(context, "views", alone)


ABLATIONS: dict[str, Callable[[], Taken]] = {
    "nothing": nullcontext,
    "literature": literature,
    "no-tissues": lambda: swapped(objective, "TISSUE_WEIGHT", 0.0),
    "no-shift": lambda: swapped(WholeClip, "shift", lambda self, x: x),
    "no-context": no_context,
    "no-haze": no_haze,
    "plain-scanner": plain_scanner,
    "no-layer": no_layer,
    "one-rhythm": one_rhythm,
    "four-chamber-only": lambda: swapped(mixture, "view_of", lambda index: "a4c"),
    "no-augment": lambda: swapped(ClipAugment, "forward", lambda self, frames, target: (frames, target)),
}
