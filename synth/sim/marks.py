"""Marks: what a scanner burns into its pictures, from a logo and a ruler to the menus of a screen capture."""

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim.display import Geometry

Grey = npt.NDArray[np.uint8]
LETTERS = list("0123456789cmHzFRDBTISMI.%")


def sample_marks(rng: np.random.Generator, geometry: Geometry, size: int, menus: bool) -> Grey:
    """Burnt-in marks (size, size), 0 where there are none, mostly outside the sector.

    Args:
        menus: whether it is a capture of the whole screen, with panels beside the sector.
    """
    plan = np.zeros((size, size), np.uint8)
    unit, grey = size / 112, int(rng.integers(120, 256))
    if menus:
        _panels(rng, plan, unit)
    for chance, draw in ((0.7, _logo), (0.6, _line), (0.5, _ruler), (0.3, _text), (0.25, _ecg)):
        if rng.random() < chance:
            draw(rng, plan, unit, grey)
    keep_off = geometry.sector & (rng.random() < 0.85)
    return np.where(keep_off, 0, plan).astype(np.uint8)


def _logo(rng: np.random.Generator, plan: Grey, unit: float, grey: int) -> None:
    at = (int(len(plan) / 2 + rng.normal(3, 6) * unit), int(rng.uniform(1, 5) * unit))
    cv2.circle(plan, at, max(1, int(rng.uniform(0.8, 2.2) * unit)), grey, -1)


def _line(rng: np.random.Generator, plan: Grey, unit: float, grey: int) -> None:
    corner = np.array([len(plan) * rng.uniform(0.82, 0.99), len(plan) * rng.uniform(0.15, 0.4)])
    along = np.array([np.sin(rng.uniform(0, 1.2)), 1.0]) * rng.uniform(5, 14) * unit
    cv2.line(plan, tuple(map(int, corner)), tuple(map(int, corner + along)), grey, 1)


def _ruler(rng: np.random.Generator, plan: Grey, unit: float, grey: int) -> None:
    side = rng.uniform(0.9, 0.99) if rng.random() < 0.5 else rng.uniform(0.01, 0.1)
    plan[:: max(2, int(rng.uniform(5, 12) * unit)), int(len(plan) * side)] = grey


def _text(rng: np.random.Generator, plan: Grey, unit: float, grey: int) -> None:
    where = (int(rng.uniform(0, 0.6) * len(plan)), int(rng.choice((0.08, 0.97)) * len(plan)))
    _write(rng, plan, where, unit, grey)


def _ecg(rng: np.random.Generator, plan: Grey, unit: float, grey: int) -> None:
    size = len(plan)
    t = np.arange(size)
    trace = size * 0.95 - 3 * unit * np.exp(-(((t / size * 3 + rng.random()) % 1 - 0.5) ** 2) * 200)
    plan[np.clip(trace, 0, size - 1).astype(int), t] = grey


def _panels(rng: np.random.Generator, plan: Grey, unit: float) -> None:
    """A column of buttons on one side, a bar above, a grey scale on the other side, lines of text."""
    size = len(plan)
    left = bool(rng.random() < 0.5)
    width, level = int(rng.uniform(0.1, 0.18) * size), int(rng.integers(15, 70))
    edge = 0 if left else size - width
    plan[:, edge : edge + width] = level
    for top in range(int(3 * unit), size, max(6, int(rng.uniform(8, 16) * unit))):
        box = ((edge + int(2 * unit), top), (edge + width - int(2 * unit), top + int(4 * unit)))
        cv2.rectangle(plan, *box, int(rng.integers(level, 230)), -1 if rng.random() < 0.5 else 1)
    plan[: int(rng.uniform(3, 9) * unit)] = int(rng.integers(10, 90))
    bar = int(size * 0.95) if left else int(size * 0.03)
    scale = np.linspace(255, 0, size // 3).astype(np.uint8)[:, None]
    plan[size // 3 : size // 3 + len(scale), bar : bar + max(1, int(2 * unit))] = scale
    for _ in range(int(rng.integers(2, 6))):
        where = (int(rng.uniform(0, 0.7) * size), int(rng.uniform(0.06, 0.99) * size))
        _write(rng, plan, where, unit, int(rng.integers(120, 256)))


def _write(rng: np.random.Generator, plan: Grey, where: tuple[int, int], unit: float, grey: int) -> None:
    text = "".join(rng.choice(LETTERS, int(rng.integers(3, 9))))
    cv2.putText(plan, text, where, cv2.FONT_HERSHEY_PLAIN, 0.5 * unit, grey, 1)
