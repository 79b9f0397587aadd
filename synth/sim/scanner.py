"""Scanner: probe geometry, beam grid, gain, clutter, scan conversion, grey map, decorations."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.errors import unknown_name
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.brightness import smooth_noise


@dataclass(frozen=True)
class Style:
    """One scanner with its settings. Angles in radians, lengths in mm, levels in dB."""

    half_angle: float
    depth: float
    top: float  # where the probe sits, as a share of the picture's height
    zoom: float  # depth over the picture's height
    dynamic_range: float
    gain: float  # level of mean myocardium below white
    attenuation: float  # error of the time-gain compensation over the whole depth
    gain_ripple: float
    noise: float  # electronic noise against myocardium, at the bottom
    clutter: float  # static near-field haze against myocardium
    side_lobe: float
    sigma_axial: float  # mm
    sigma_lateral: float  # radians
    shadow: float  # depth of edge shadows
    gamma: float
    persistence: float  # time constant in s
    smooth: float  # display filter, pixels at 112
    decorrelation: float  # speckle renewal per second
    decorations: bool
    jpeg: int  # quality, 0 = none


def sample_style(rng: np.random.Generator, preset: str) -> Style:
    """Draw a scanner of a preset. Ranges: docs/simulator.md."""
    if preset not in PRESETS:
        raise unknown_name("preset", preset, list(PRESETS))
    style = Style(
        half_angle=rng.uniform(0.6, 0.9),
        depth=rng.uniform(112, 178),
        top=rng.uniform(-0.02, 0.1),
        zoom=rng.uniform(0.9, 1.08) if rng.random() < 0.75 else rng.uniform(0.7, 0.9),
        dynamic_range=rng.uniform(40, 62),
        gain=rng.uniform(-34, -16),
        attenuation=rng.uniform(-12, 8),
        gain_ripple=rng.uniform(0, 3.5),
        noise=rng.uniform(-52, -30),
        clutter=rng.uniform(-34, -4),
        side_lobe=rng.uniform(-34, -20),
        sigma_axial=rng.uniform(0.55, 1.3),
        sigma_lateral=rng.uniform(0.011, 0.026),
        shadow=rng.uniform(0, 26) * (rng.random() < 0.6),
        gamma=rng.uniform(0.85, 1.7),
        persistence=rng.uniform(0, 0.025),
        smooth=rng.uniform(0, 0.55),
        decorrelation=rng.uniform(0.5, 4),
        decorations=bool(rng.random() < 0.6),
        jpeg=int(rng.choice((0, 0, 92, 80, 60))),
    )
    return PRESETS[preset](style, rng)


def _camus(style: Style, rng: np.random.Generator) -> Style:
    """A cart scanner with a high line density: finer speckle, wide sector, no decorations."""
    return replace(
        style,
        sigma_axial=style.sigma_axial * 0.75,
        sigma_lateral=style.sigma_lateral * 0.8,
        half_angle=rng.uniform(0.6, 0.72),
        dynamic_range=rng.uniform(50, 70),
        decorations=False,
        jpeg=0,
        top=rng.uniform(0, 0.03),
    )


def _handheld(style: Style, rng: np.random.Generator) -> Style:
    """A pocket device: coarse, noisy, hazy, compressed."""
    return replace(
        style,
        sigma_lateral=style.sigma_lateral * 1.25,
        noise=rng.uniform(-36, -22),
        clutter=rng.uniform(-24, -6),
        dynamic_range=rng.uniform(36, 52),
        jpeg=int(rng.choice((0, 60, 45))),
    )


def _harmonic(style: Style, rng: np.random.Generator) -> Style:
    """Tissue harmonics at a high setting: hard contrast, fine speckle, no haze. Never learned from."""
    return replace(
        style,
        dynamic_range=rng.uniform(33, 39),
        gamma=rng.uniform(1.75, 2.2),
        gain=rng.uniform(-20, -12),
        sigma_lateral=rng.uniform(0.008, 0.0105),
        sigma_axial=rng.uniform(0.4, 0.54),
        clutter=rng.uniform(-44, -35),
    )


def _lowband(style: Style, rng: np.random.Generator) -> Style:
    """An old low-frequency probe: narrow sector, speckle like grain, thick haze. Never learned from."""
    return replace(
        style,
        half_angle=rng.uniform(0.53, 0.59),
        sigma_lateral=rng.uniform(0.027, 0.032),
        sigma_axial=rng.uniform(1.35, 1.6),
        clutter=rng.uniform(-12, -2),
        smooth=rng.uniform(0.6, 0.9),
        decorations=False,
    )


def _veiled(style: Style, rng: np.random.Generator) -> Style:
    """A poor window: thick haze, noise, a flat grey map. Never learned from: it settles how sure to be."""
    return replace(
        style,
        clutter=rng.uniform(-6, 0),
        noise=rng.uniform(-30, -20),
        gamma=rng.uniform(0.6, 0.84),
        dynamic_range=rng.uniform(63, 75),
    )


PRESETS = {
    "echonet": lambda style, _: style,
    "camus": _camus,
    "handheld": _handheld,
    "harmonic": _harmonic,
    "lowband": _lowband,
    "veiled": _veiled,
}


class Geometry:
    """Beam grid and picture grid of one style; positions in mm, probe at (0, 0), y down.

    Attributes:
        spacing: mm per pixel.
        beam_x, beam_y: (depth samples, beams) positions of the beam grid.
        pixel_x, pixel_y: (size, size) positions of the pixel centres.
        sector: bool (size, size).
        sigma: PSF in samples (axial, lateral).
    """

    def __init__(self, style: Style, size: int) -> None:
        self.spacing = style.depth / (style.zoom * size)
        self.depths, self.beams = int(1.45 * size), int(1.3 * size)
        self.start = 2.0
        self.step = (style.depth - self.start) / (self.depths - 1)
        self.pitch = 2 * style.half_angle / (self.beams - 1)
        r = (self.start + self.step * np.arange(self.depths, dtype=np.float32))[:, None]
        angle = (np.arange(self.beams, dtype=np.float32) * self.pitch - style.half_angle)[None]
        self.beam_x, self.beam_y = (r * np.sin(angle)).astype("f4"), (r * np.cos(angle)).astype("f4")
        rows = (np.arange(size, dtype=np.float32) + 0.5 - style.top * size) * np.float32(self.spacing)
        columns = (np.arange(size, dtype=np.float32) + 0.5 - size / 2) * np.float32(self.spacing)
        self.pixel_x, self.pixel_y = np.meshgrid(columns, rows)
        radius = np.hypot(self.pixel_x, self.pixel_y)
        theta = np.arctan2(self.pixel_x, self.pixel_y)
        inside = (np.abs(theta) <= style.half_angle) & (radius <= style.depth) & (radius >= self.start)
        self.sector: npt.NDArray[np.bool_] = inside & (self.pixel_y > 0)
        self._row = ((radius - self.start) / self.step).astype("f4")
        self._column = ((theta + style.half_angle) / self.pitch).astype("f4")
        self.sigma = (style.sigma_axial / self.step, style.sigma_lateral / self.pitch)

    def scan_convert(self, picture: Array) -> Array:
        """Beam space (depths, beams) -> picture (size, size), 0 outside the sector."""
        out = cv2.remap(picture, self._column, self._row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(out * self.sector, np.float32)


def gain_map(style: Style, geometry: Geometry, rng: np.random.Generator) -> Array:
    """Gain in dB for each beam sample: level, attenuation error, ripple, edge shadows."""
    down = np.linspace(0, 1, geometry.depths, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, geometry.beams, dtype=np.float32)[None]
    shape = (geometry.depths, geometry.beams)
    gain = style.gain + style.attenuation * (down - 0.4)
    gain = gain + style.gain_ripple * smooth_noise(rng, shape, geometry.beams / 3)
    side, edge = rng.choice((-1, 1)), rng.uniform(0.35, 0.95)
    shadow = np.clip((side * across - edge) / 0.25, 0, 1) * np.clip(down / 0.15, 0, 1)
    rib = np.exp(-0.5 * ((across - rng.uniform(-0.9, 0.9)) / rng.uniform(0.04, 0.12)) ** 2)
    gain = gain - style.shadow * shadow - rng.uniform(0, 9) * (rng.random() < 0.35) * rib * down
    return np.asarray(gain, np.float32)


def clutter_map(style: Style, geometry: Geometry, rng: np.random.Generator) -> Array:
    """Amplitude of the static haze for each beam sample: strongest under the probe, patchy."""
    shape = (geometry.depths, geometry.beams)
    r = np.linspace(0, style.depth, geometry.depths, dtype=np.float32)[:, None]
    reach = np.exp(rng.uniform(np.log(4), np.log(40)))  # mm per dB
    near = 14 * np.exp(-r / rng.uniform(4, 11)) - r / reach
    patchy = 5 * smooth_noise(rng, shape, geometry.beams / 4)
    return np.power(np.float32(10), (style.clutter + near + patchy) / 20).astype("f4")


def sample_decorations(rng: np.random.Generator, geometry: Geometry, size: int) -> npt.NDArray[np.uint8]:
    """Burnt-in marks (size, size): probe logo, depth ruler, bars and text, mostly outside the sector."""
    plan = np.zeros((size, size), np.uint8)
    unit = size / 112
    grey = int(rng.integers(120, 256))
    if rng.random() < 0.7:
        at = (int(size / 2 + rng.normal(3, 6) * unit), int(rng.uniform(1, 5) * unit))
        cv2.circle(plan, at, max(1, int(rng.uniform(0.8, 2.2) * unit)), grey, -1)
    if rng.random() < 0.6:
        corner = np.array([size * rng.uniform(0.82, 0.99), size * rng.uniform(0.15, 0.4)])
        along = np.array([np.sin(rng.uniform(0, 1.2)), 1.0]) * rng.uniform(5, 14) * unit
        cv2.line(plan, tuple(map(int, corner)), tuple(map(int, corner + along)), grey, 1)
    if rng.random() < 0.5:
        column = (
            int(size * rng.uniform(0.9, 0.99)) if rng.random() < 0.5 else int(size * rng.uniform(0.01, 0.1))
        )
        plan[:: max(2, int(rng.uniform(5, 12) * unit)), column] = grey
    if rng.random() < 0.3:
        where = (int(rng.uniform(0, 0.6) * size), int(rng.choice((0.08, 0.97)) * size))
        text = "".join(rng.choice(list("0123456789cmHzFRDB"), 6))
        cv2.putText(plan, text, where, cv2.FONT_HERSHEY_PLAIN, 0.5 * unit, grey, 1)
    if rng.random() < 0.25:
        t = np.arange(size)
        trace = size * 0.95 - 3 * unit * np.exp(-(((t / size * 3 + rng.random()) % 1 - 0.5) ** 2) * 200)
        plan[np.clip(trace, 0, size - 1).astype(int), t] = grey
    keep_off = geometry.sector & (rng.random() < 0.85)
    return np.where(keep_off, 0, plan).astype(np.uint8)
