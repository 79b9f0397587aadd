"""Display: beam grid and picture grid of one scanner, gain, haze, scan conversion, burnt-in marks."""

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.brightness import smooth_noise
from echodfkd.synth.sim.scanner import Style


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
