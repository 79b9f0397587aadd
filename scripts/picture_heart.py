"""Pictures of one simulated heart: its anatomy, and how it moves."""

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from panels import of, outline, sheet, show

from echodfkd.clip import Label
from echodfkd.segment.curve import LIGHT, OUTLINE
from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.outlines import ABOVE, BELOW, X_RANGE
from echodfkd.synth.sim.rhythm import RHYTHMS, sample_cycle
from echodfkd.synth.sim.scene import Scene
from echodfkd.synth.sim.tracing import CONVENTIONS, fold, split_layer

SEED, HEART = 5, 49  # of the heart that is shown
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


def heart(size: int = 240, seconds: float = 2.0) -> tuple[Scene, np.random.Generator]:
    """The heart that the pictures show, in a clip of some seconds, and what its frames draw from."""
    scene, rng, _ = SimGenerator(frames=round(50 * seconds), size=size, ef=(60, 60)).scene(SEED, HEART)
    return scene, rng


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
