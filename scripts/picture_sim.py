"""The pictures of docs/simulator.md: how the simulator `sim` makes a clip. Nothing in them is a real clip.

Command:  uv run python scripts/picture_sim.py [FOLDER]
Writes sim_anatomy.png, sim_motion.png, sim_physics.png, sim_scanner.png and sim_views.png into FOLDER
(docs/images), the same on every run; takes about ten seconds.
"""

import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from PIL import Image

from echodfkd.clip import Label
from echodfkd.files import write_bytes
from echodfkd.segment.curve import LIGHT, OUTLINE
from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim import physics, scanner
from echodfkd.synth.sim.camera import Camera
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.outlines import ABOVE, BELOW, X_RANGE
from echodfkd.synth.sim.rhythm import RHYTHMS, sample_cycle
from echodfkd.synth.sim.scene import Scene
from echodfkd.synth.sim.tracing import CONVENTIONS, fold, split_layer
from echodfkd.synth.sim.views import VIEWS

SEED, HEART = 5, 15  # of the heart that is shown in all pictures but the last
COLOURS = 200  # of a picture's palette: speckle needs few, and a file stays small
TISSUES = {
    "no heart": "#e9ecf0",
    "LV cavity": "#c0392b",
    "wall": "#e59866",
    "LA": "#e6b0d0",
    "RV": "#5dade2",
    "RA": "#aed6f1",
    "trabeculae": "#7d6608",
    "papillary muscle": "#145a32",
}
TRACERS = ("#ffd23f", "#e74c3c", "#5cb3ff", "#7dcea0")  # in the order of `CONVENTIONS`
Grey = npt.NDArray[np.uint8]


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


def save(figure: Figure, path: Path) -> None:
    """Write a figure with a palette of few colours, whole or not at all."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, facecolor=LIGHT.background)
    palette = Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small = io.BytesIO()
    palette.save(small, format="png", optimize=True)
    write_bytes(path, small.getvalue())


def heart(size: int = 240, seconds: float = 2.0) -> tuple[Scene, np.random.Generator]:
    """The heart that the pictures show, in a clip of some seconds, and what its frames draw from."""
    scene, rng, _ = SimGenerator(frames=round(50 * seconds), size=size, ef=(60, 60)).scene(SEED, HEART)
    return scene, rng


def sheet(wide: float, high: float, rows: int, columns: int, **spread: float) -> Iterator[Axes]:
    """Panels of one figure, row by row, in a grid of `wide` x `high` inches."""
    room = {"left": 0.01, "right": 0.99, "top": 0.91, "bottom": 0.02, "wspace": 0.05, "hspace": 0.12}
    grid = Figure(figsize=(wide, high)).add_gridspec(rows, columns, **(room | spread))
    assert grid.figure is not None
    return (grid.figure.add_subplot(grid[row, column]) for row in range(rows) for column in range(columns))


def show(axes: Axes, picture: npt.NDArray, title: str = "", **how: Any) -> None:
    """A picture without ticks; grey from black to white unless told otherwise."""
    grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "none"}
    axes.imshow(picture, **(grey | how))
    axes.set_axis_off()
    axes.set_title(title, fontsize=9, color=LIGHT.ink, pad=4)


def of(axes: Axes) -> Figure:
    """The figure of a panel."""
    assert isinstance(axes.figure, Figure)
    return axes.figure


def outline(axes: Axes, mask: npt.NDArray, colour: object, label: str | None = None) -> None:
    """The largest contour of a mask, drawn at twice its grid so that it runs smoothly."""
    fine = cv2.GaussianBlur(cv2.resize(mask.astype(np.float32), None, fx=4, fy=4), (0, 0), 3)
    found = cv2.findContours((fine > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    line = max(found, key=len)[:, 0] / 4 - 0.375
    axes.plot(*np.concatenate([line, line[:1]]).T, color=colour, linewidth=1.1, label=label)


def anatomy() -> Figure:
    """Tissues and brightness of the reference picture, and where tracers would draw."""
    scene, rng = heart()
    labels, amplitude = scene.reference.labels, scene.reference.amplitude
    here = (*X_RANGE, scene.heart.length + BELOW, -ABOVE)
    left, middle, right = sheet(9.6, 3.6, 1, 3, bottom=0.17)
    show(left, labels, "tissues at ED", cmap=ListedColormap(list(TISSUES.values())), vmax=7, extent=here)
    for name, colour in TISSUES.items():
        left.plot([], [], "s", color=colour, label=name)
    left.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncol=4, fontsize=7, frameon=False)
    level = 20 * np.log10(amplitude)
    show(middle, level, "how strongly they scatter", vmin=-45, vmax=15, extent=here)
    strip = middle.inset_axes((0.15, -0.06, 0.7, 0.03))
    bar = of(middle).colorbar(middle.images[0], cax=strip, orientation="horizontal")
    bar.ax.tick_params(labelsize=7)
    bar.set_label("dB against mean myocardium", fontsize=7, labelpad=1)
    for axes in (left, middle):
        axes.set(xlim=(-85, 75), ylim=(scene.heart.length + 70, -25))
    _tracings(right, scene, rng)
    return of(left)


def _tracings(axes: Axes, scene: Scene, rng: np.random.Generator) -> None:
    frame = next(scene.camera.film(rng, np.array([scene.cycle.starts[1]]), scene.tissue))
    show(axes, frame, "where four conventions trace the LV")
    scene.reference = replace(scene.reference, labels=split_layer(scene.reference.labels))
    tissues = scene.labels(float(scene.cycle.starts[1]), 0.0)
    for name, colour in reversed([*zip(CONVENTIONS, TRACERS, strict=True)]):
        outline(axes, fold(tissues, name) == Label.LV, colour, name)
    rows, columns = np.nonzero(fold(tissues, "ase") == Label.LV)
    axes.set(xlim=(columns.min() - 22, columns.max() + 22), ylim=(rows.max() + 14, rows.min() - 14))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncol=4, fontsize=7, frameon=False)


def motion() -> Figure:
    """ED and ES of one beat, how far the tissue moved, and four rhythms."""
    scene, rng = heart()
    beat = int(np.flatnonzero((scene.cycle.starts > 0) & (scene.cycle.empty == 1))[0])
    times = scene.cycle.starts[beat], scene.cycle.ends[beat]
    figure = Figure(figsize=(9.6, 3.4))
    grid = figure.add_gridspec(4, 3, left=0.01, right=0.985, top=0.91, bottom=0.13, wspace=0.06, hspace=0.7)
    for column, (title, time) in enumerate(zip(("ED", "ES, with the way from ED"), times, strict=True)):
        axes = figure.add_subplot(grid[:, column])
        show(axes, next(scene.camera.film(rng, np.array([time]), scene.tissue)), title)
        outline(axes, scene.mask(time) == Label.LV, np.array(OUTLINE) / 255)
    _arrows(axes, scene, times[1])
    for row, rhythm in enumerate(RHYTHMS):
        _beats(figure.add_subplot(grid[row, 2]), rhythm, row == len(RHYTHMS) - 1)
    return figure


def _arrows(axes: Axes, scene: Scene, time: float) -> None:
    """An arrow from where tissue was at ED to where it is, for some of the heart's tissue."""
    way = scene.displacement(time) / scene.geometry.spacing
    solid = np.isin(scene.labels(time, scene.contraction(time)), (an.WALL, an.TRABECULAE))
    rows, columns = np.nonzero(solid & scene.geometry.sector)
    chosen = (rows % 9 == 0) & (columns % 9 == 0)
    y, x = rows[chosen], columns[chosen]
    dx, dy = way[y, x].T
    axes.quiver(x - dx, y - dy, dx, dy, color="#5cb3ff", angles="xy", scale_units="xy", scale=1, width=0.006)


def _beats(axes: Axes, rhythm: str, last: bool) -> None:
    """LV volume over four seconds of one rhythm, with ED, ES and the open mitral valve."""
    cycle = sample_cycle(np.random.default_rng(2), 4.0, 75.0, rhythm)
    t = np.linspace(0, 4, 800)
    axes.fill_between(t, -0.08, 1.08, where=cycle.valve(t) > 0.1, color="#e9ecf0", linewidth=0)
    axes.plot(t, 1 - cycle.ejected(t), color=LIGHT.line, linewidth=1.3)
    for times, colour in ((cycle.starts, LIGHT.ed), (cycle.ends, LIGHT.es)):
        axes.plot(times, 1 - cycle.ejected(times), "o", color=colour, markersize=3.5)
    axes.set(xlim=(0, 4), ylim=(-0.1, 1.1), yticks=[])
    axes.tick_params(labelsize=7, labelbottom=last)
    axes.set_title(rhythm, fontsize=8, color=LIGHT.ink, loc="left", pad=2)
    if last:
        axes.set_xlabel("s; volume, ED (blue), ES (orange), mitral valve open (grey)", fontsize=7)


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
        title = f"{name} (held out)" if name in ("harmonic", "lowband", "veiled") else name
        for row in range(2):
            at = panels[row * len(scanner.PRESETS) + column]
            show(at, _filmed(scene, name, row + 1), title if row == 0 else "")
    return of(panels[0])


def _filmed(scene: Scene, preset: str, draw: int) -> Grey:
    """The heart at ED by a scanner of a preset; depth and place of the probe stay as they are."""
    rng = np.random.default_rng((SEED, draw))
    kept = {name: getattr(scene.style, name) for name in ("depth", "top", "zoom")}
    scene.style = replace(scanner.sample_style(rng, preset), **kept)
    scene.geometry = scanner.Geometry(scene.style, 176)
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
