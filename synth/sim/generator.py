"""The `sim` generator: draws a heart and a scanner for each clip, and films the one with the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Clip, Label, Mask
from echodfkd.errors import UsageError
from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim import physics, scanner
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.motion import Cycle, Motion, sample_cycle
from echodfkd.synth.sim.tissue import Reference, build_reference, sample_echo
from echodfkd.synth.sim.valves import draw_leaflets
from echodfkd.volume import disk_volume, ejection_fraction

# How a tracer folds the simulator's tissues into the public classes (rows: convention).
CONVENTIONS = {
    "echonet": {an.TRABECULAE: Label.MYOCARDIUM, an.PAPILLARY: Label.LV},
    "ase": {an.TRABECULAE: Label.LV, an.PAPILLARY: Label.LV},
}


@dataclass(frozen=True)
class Pose:
    """Where the heart lies before the probe: apex position in mm, tilt of the long axis in radians."""

    x: float
    y: float
    tilt: float
    sway: tuple[float, float]  # mm of motion with each beat
    drift: tuple[float, float]  # mm of slow breathing motion


def sample_pose(rng: np.random.Generator, heart: an.Anatomy, style: scanner.Style) -> Pose:
    """Put the heart before the probe; poses that push the LV out of the sector are drawn again."""
    outline = an.cavity_outline(heart)
    for _ in range(20):
        tilt = rng.normal(0.1, 0.15)
        x, y = rng.normal(6, 8), float(np.clip(rng.normal(22, 7), 6, 45))
        px = x + outline[:, 0] * np.cos(tilt) + outline[:, 1] * np.sin(tilt)
        py = y - outline[:, 0] * np.sin(tilt) + outline[:, 1] * np.cos(tilt)
        lost = (np.abs(np.arctan2(px, py)) > style.half_angle) | (np.hypot(px, py) > 0.97 * style.depth)
        if lost.mean() < 0.08:
            break
    sway = (rng.normal(0, 1.2), rng.normal(0.5, 1.0))
    return Pose(float(x), y, float(tilt), sway, (rng.normal(0, 1.5), rng.normal(0, 1.5)))


class Scene:
    """One patient under one scanner: everything that a clip's frames have in common."""

    def __init__(
        self, rng: np.random.Generator, preset: str, size: int, ef: float, seconds: float, convention: str
    ) -> None:
        self.style = scanner.sample_style(rng, preset)
        self.geometry = scanner.Geometry(self.style, size)
        self.heart = an.sample_anatomy(rng)
        self.pose = sample_pose(rng, self.heart, self.style)
        how = rng.uniform(0.15, 0.35), float(np.clip(rng.normal(0, 0.15), -0.4, 0.4)), rng.uniform(1, 8)
        self.motion = Motion(self.heart, ef, *how)
        self.cycle: Cycle = sample_cycle(rng, seconds)
        self.leaflet = rng.uniform(0.4, 1.4)  # strength against myocardium
        self.tricuspid = (rng.uniform(20, 36), rng.uniform(0.03, 0.08))
        step = min(0.75, self.geometry.spacing / 1.5)
        self.reference: Reference = build_reference(self.heart, sample_echo(rng), rng, step)
        shape = self.reference.labels.shape
        edv, esv = self.volumes(
            convention
        )  # the disks see a little less than the formula: aim again by as much
        self.motion = Motion(self.heart, float(np.clip(2 * ef - ejection_fraction(edv, esv), 1, 92)), *how)
        self.scatterers = np.concatenate([physics.scatterers(rng, shape), physics.scatterers(rng, shape)], -1)
        self.gain = scanner.gain_map(self.style, self.geometry, rng)
        self.clutter = scanner.clutter_map(self.style, self.geometry, rng)
        beams = (self.geometry.depths, self.geometry.beams)
        self.haze = physics.scatterers(rng, beams) * self.clutter[..., None]
        self.marks = scanner.sample_decorations(rng, self.geometry, size) if self.style.decorations else None

    def to_heart(self, x: Array, y: Array, time: float, a: float) -> tuple[Array, Array]:
        """Picture position (mm, probe at 0, y down) -> heart coordinates of that moment."""
        breath = np.sin(2 * np.pi * time / 4.0)
        ax = x - np.float32(self.pose.x + a * self.pose.sway[0] + breath * self.pose.drift[0])
        ay = y - np.float32(self.pose.y + a * self.pose.sway[1] + breath * self.pose.drift[1])
        cos, sin = np.float32(np.cos(self.pose.tilt)), np.float32(np.sin(self.pose.tilt))
        return ax * cos - ay * sin, ax * sin + ay * cos

    def contraction(self, time: float) -> float:
        """Contraction at a time in s: 0 = ED, 1 = ES."""
        return float(np.clip(self.cycle.ejected(time), 0, 1))

    def labels(self, time: float, a: float) -> npt.NDArray[np.uint8]:
        """Tissues of each pixel (size, size); inside and outside the sector alike."""
        x, z = self.to_heart(self.geometry.pixel_x, self.geometry.pixel_y, time, a)
        x0, z0 = self.motion.to_reference(x, z, a)
        ref = self.reference
        found = cv2.remap(
            ref.labels, ref.column(x0), ref.row(z0), cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(found, np.uint8)

    def volumes(self, convention: str) -> tuple[float, float]:
        """EDV and ESV in ml by the method of disks on the exact mask, as a tracer would get them."""
        spacing = (self.geometry.spacing, self.geometry.spacing)
        lvs = (fold(self.labels(0.0, a), convention) == Label.LV for a in (0.0, 1.0))
        edv, esv = (float(disk_volume(lv, spacing).volume_ml) for lv in lvs)
        return edv, esv

    def film(self, rng: np.random.Generator, times: npt.NDArray[np.float64]) -> Iterator[Array]:
        """Grey pictures (size, size), 0..1, one for each time in s, in order."""
        before: Array | None = None
        for k, time in enumerate(times):
            grey = self._beam_picture(rng, float(time))
            gap = times[k] - times[k - 1] if k else 0.0
            keep = (
                np.float32(np.exp(-gap / self.style.persistence))
                if k and self.style.persistence > 0.002
                else 0.0
            )
            before = grey if before is None or keep < 0.02 else keep * before + (1 - keep) * grey
            yield self.geometry.scan_convert(before)

    def _beam_picture(self, rng: np.random.Generator, time: float) -> Array:
        geometry, style = self.geometry, self.style
        a = self.contraction(time)
        x, z = self.to_heart(geometry.beam_x, geometry.beam_y, time, a)
        x0, z0 = self.motion.to_reference(x, z, a)
        column, row = self.reference.column(x0), self.reference.row(z0)
        border = cv2.BORDER_REFLECT
        strength = cv2.remap(self.reference.amplitude, column, row, cv2.INTER_LINEAR, borderMode=border)
        strength = strength + draw_leaflets(self, x, z, time, a)
        grains = cv2.remap(self.scatterers, column, row, cv2.INTER_NEAREST, borderMode=border)
        turn = (
            style.decorrelation * time
        )  # tissue slowly leaves the plane: one speckle pattern turns into another
        field = np.float32(np.cos(turn)) * grains[..., :2] + np.float32(np.sin(turn)) * grains[..., 2:]
        field = field * strength[..., None] + self.haze
        field = physics.point_spread(field, *geometry.sigma)
        field += self._noise(rng)
        amplitude = physics.envelope(field)
        reach = max(3, geometry.beams // 7) | 1
        amplitude += np.float32(10 ** (style.side_lobe / 20)) * cv2.blur(strength, (reach, 1))
        return physics.log_compress(amplitude, self.gain, style.dynamic_range) ** np.float32(style.gamma)

    def _noise(self, rng: np.random.Generator) -> Array:
        """Electronic noise: white, fresh in every frame, raised with depth by the time-gain compensation."""
        depths, beams = self.geometry.depths, self.geometry.beams
        rise = np.linspace(0.1, 1, depths, dtype=np.float32) ** 2 * np.float32(10 ** (self.style.noise / 20))
        return physics.scatterers(rng, (depths, beams)) * rise[:, None, None]


def finish(picture: Array, scene: Scene, size: int) -> npt.NDArray[np.uint8]:
    """Display filter, 8 bits, burnt-in marks and compression damage of one frame."""
    sigma = scene.style.smooth * size / 112
    if sigma > 0.25:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32) * scene.geometry.sector
    grey = (picture * 255 + 0.5).astype(np.uint8)
    if scene.marks is not None:
        grey = np.maximum(grey, scene.marks)
    if scene.style.jpeg:
        code = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, scene.style.jpeg])[1]
        grey = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey


def fold(tissues: npt.NDArray[np.uint8], convention: str) -> Mask:
    """Tissues of the simulator -> public classes under a tracing convention."""
    table = np.arange(8, dtype=np.uint8)
    for tissue, label in CONVENTIONS[convention].items():
        table[tissue] = label
    return table[tissues]


class SimGenerator:
    """Procedural apical four-chamber clips with exact labels.

    Args:
        frames: T. size: side in pixels, even. fps: Hz.
        view: "a4c".
        preset: scanner family, see `scanner.PRESETS`.
        ef: (low, high) in percent to draw the EF from evenly; None draws the mix of a clinic.
        convention: where the tracer's contour runs, see `CONVENTIONS`.
    """

    name = "sim"
    version = "1"

    def __init__(
        self,
        frames: int = 128,
        size: int = 112,
        fps: float = 50.0,
        view: str = "a4c",
        preset: str = "echonet",
        ef: tuple[float, float] | None = None,
        convention: str = "echonet",
    ) -> None:
        if view != "a4c":
            raise UsageError(f"generator 'sim' draws the view a4c only, not {view!r}")
        if preset not in scanner.PRESETS:
            raise scanner.unknown_name("preset", preset, list(scanner.PRESETS))
        self.frames, self.size, self.fps, self.view = frames, size, fps, view
        self.preset, self.ef, self.convention = preset, ef, convention

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside seed and index."""
        return {k: v for k, v in vars(self).items() if not k.startswith("_")}

    def scene(self, seed: int, index: int) -> tuple[Scene, np.random.Generator, float]:
        """Patient and scanner of clip `index`, the generator that its frames go on with, and the EF asked."""
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, index))))
        drawn = rng.normal(60, 7) if rng.random() < 0.5 else rng.uniform(12, 70)
        ef = float(np.clip(drawn, 10, 80)) if self.ef is None else float(rng.uniform(*self.ef))
        return Scene(rng, self.preset, self.size, ef, self.frames / self.fps, self.convention), rng, ef

    def clip(self, seed: int, index: int) -> Clip:
        """Clip `index` of the set of `seed`; depends on both and on the parameters alone."""
        scene, rng, _ = self.scene(seed, index)
        times = np.arange(self.frames) / self.fps
        pictures = [finish(picture, scene, self.size) for picture in scene.film(rng, times)]
        tissues = np.stack([scene.labels(float(t), scene.contraction(float(t))) for t in times])
        mask = fold(tissues, self.convention)
        ed, es = self._events(scene.cycle)
        edv, esv = scene.volumes(self.convention)
        return Clip(
            frames=np.stack(pictures),
            fps=self.fps,
            name=f"{self.name}-{seed}-{index:06d}",
            spacing_mm=(scene.geometry.spacing, scene.geometry.spacing),
            mask=mask,
            sector=scene.geometry.sector,
            ed_frames=ed,
            es_frames=es,
            view=self.view,
            ef=ejection_fraction(edv, esv),
            edv_ml=edv,
            esv_ml=esv,
            ef_3d=scene.motion.ef,
        )

    def _events(self, cycle: Cycle) -> tuple[tuple[int, ...], tuple[int, ...]]:
        def inside(times: npt.NDArray[np.float64]) -> tuple[int, ...]:
            frames = np.round(times * self.fps).astype(int)
            return tuple(int(f) for f in frames if 0 <= f < self.frames)

        return inside(cycle.starts), inside(cycle.ends)
