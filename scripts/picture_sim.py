"""The pictures of docs/simulator.md: how the simulator `sim` makes a clip. Nothing in them is a real clip.

Command:  uv run python scripts/picture_sim.py [FOLDER]
Writes sim_anatomy.png, sim_motion.png, sim_physics.png, sim_scanner.png and sim_views.png into FOLDER
(docs/images), the same on every run; takes about ten seconds.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from panels import of, outline, save, sheet, show
from picture_heart import SEED, anatomy, heart, motion

from echodfkd.segment.curve import LIGHT, OUTLINE
from echodfkd.synth.mixture import RATES_AND_PRESETS
from echodfkd.synth.sim import physics, scanner
from echodfkd.synth.sim.camera import Camera
from echodfkd.synth.sim.display import Geometry
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.held_out import CALIBRATION, HELD_OUT
from echodfkd.synth.sim.scene import Scene
from echodfkd.synth.sim.views import VIEWS

ROLES = {world["preset"]: " (held out)" for world in HELD_OUT.values() if "preset" in world}
ROLES |= {world["preset"]: " (calibration)" for world in CALIBRATION}
ROLES |= {preset: "" for _, preset in RATES_AND_PRESETS}  # what networks learn from


def main(folder: Path = Path("docs/images")) -> None:
    pictures = {
        "anatomy": anatomy,
        "motion": motion,
        "physics": speckle,
        "scanner": presets,
        "views": views,
    }
    for name, draw in pictures.items():
        save(draw(), folder / f"sim_{name}.png")


def speckle() -> Figure:
    """From scatterers to the picture, and the envelope's statistics against theory."""
    scene, rng = heart(size=144)
    strength, field = scene.tissue(float(scene.cycle.starts[1]))
    echoes = physics.point_spread(field * strength[..., None], *scene.geometry.sigma)
    envelope = physics.envelope(echoes)
    gain = np.full_like(envelope, scene.style.gain)
    grey = physics.log_compress(envelope, gain, scene.style.dynamic_range)
    panels = sheet(9.6, 5.6, 2, 3, top=0.95, bottom=0.08, wspace=0.12, hspace=0.16)
    wave = {"vmin": -1.5, "vmax": 1.5, "aspect": "auto"}
    first = next(panels)
    show(first, (field[..., 0] * strength), "1  scatterers times strength (in phase)", **wave)
    show(next(panels), echoes[..., 0], "2  filtered by the point spread", **wave)
    show(next(panels), envelope, "3  envelope", vmax=3, aspect="auto")
    show(next(panels), grey, "4  log compression", vmax=1, aspect="auto")
    film = scene.camera.film(rng, scene.cycle.starts[1:2], scene.tissue)
    show(next(panels), next(film), "5  with gain, haze, noise, display")
    _rayleigh(next(panels))
    return of(first)


def _rayleigh(axes: Axes) -> None:
    """Histogram of the envelope of even tissue, and the density 2 A exp(-A^2)."""
    field = physics.scatterers(np.random.default_rng(0), (600, 600))
    amplitude = physics.envelope(physics.point_spread(field, 2.0, 2.0)).ravel()
    a = np.linspace(0, 3, 200)
    axes.hist(amplitude, 60, range=(0, 3), density=True, color=LIGHT.faint)
    axes.plot(a, 2 * a * np.exp(-(a**2)), color=LIGHT.es, linewidth=1.4)
    axes.set(xlim=(0, 3), yticks=[])
    axes.tick_params(labelsize=7)
    axes.set_title("envelope of even tissue; line: Rayleigh", fontsize=9, color=LIGHT.ink, pad=4)


def presets() -> Figure:
    """The same heart in the same place before two draws of each preset."""
    scene, _ = heart(size=176)
    panels = [*sheet(9.6, 4.1, 2, len(scanner.PRESETS), top=0.94, wspace=0.03, hspace=0.03)]
    for column, name in enumerate(scanner.PRESETS):
        title = name + ROLES[name]
        for row in range(2):
            at = panels[row * len(scanner.PRESETS) + column]
            show(at, _filmed(scene, name, row + 1), title if row == 0 else "")
    return of(panels[0])


def _filmed(scene: Scene, preset: str, draw: int) -> npt.NDArray[np.uint8]:
    """The heart at ED by a scanner of a preset; depth and place of the probe stay as they are."""
    rng = np.random.default_rng((SEED, draw))
    kept = {name: getattr(scene.style, name) for name in ("depth", "top", "zoom")}
    scene.style = replace(scanner.sample_style(rng, preset), **kept)
    scene.geometry = Geometry(scene.style, 176)
    scene.camera = Camera(rng, scene.style, scene.geometry, 176)
    return next(scene.camera.film(rng, scene.cycle.starts[1:2], scene.tissue))


def views(clips: Sequence[int] = range(3)) -> Figure:
    """The first clips of each view, not picked; the LV outlined where there is one to find."""
    panels = [*sheet(9.6, 6.0, len(clips), len(VIEWS), top=0.96, wspace=0.03, hspace=0.03)]
    for axes, (index, view) in zip(panels, ((i, v) for i in clips for v in VIEWS), strict=True):
        clip = SimGenerator(frames=2, fps=3, size=176, view=view).clip(SEED, index)
        show(axes, clip.frames[0], view if index == clips[0] else "")
        if clip.lv is not None and clip.lv[0].any():
            outline(axes, clip.lv[0], np.array(OUTLINE) / 255)
    return of(panels[0])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
