"""Display: beam grid and picture grid of one scanner, gain, scan conversion."""

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.brightness import smooth_noise
from echodfkd.synth.sim.scanner import Style

COARSE = 2  # where tissue has moved from is smooth: it is asked of every second sample of every second beam


class Geometry:
    """Beam grid and picture grid of one style; positions in mm, probe at (0, 0), y down.

    Attributes:
        spacing: mm per pixel.
        pixel_x, pixel_y: (size, size) positions of the pixel centres.
        places: x and y (N,) of a beam grid with `COARSE` times fewer samples and beams, and behind them those
            of the pixels, so that both move in one go; see `split`.
        sector: bool (size, size).
        sigma: PSF in samples (axial, lateral).
    """

    def __init__(self, style: Style, size: int) -> None:
        self.spacing = style.depth / (style.zoom * size)
        self.depths, self.beams = int(1.45 * size), int(1.3 * size)
        self.start = 2.0
        self.step = (style.depth - self.start) / (self.depths - 1)
        self.pitch = 2 * style.half_angle / (self.beams - 1)
        r = (self.start + self.step * _every(self.depths))[:, None]
        angle = (_every(self.beams) * self.pitch - style.half_angle)[None]
        self._coarse = (len(r), angle.size)
        rows = (np.arange(size, dtype=np.float32) + 0.5 - style.top * size) * np.float32(self.spacing)
        middle = size * (0.5 + style.across)
        columns = (np.arange(size, dtype=np.float32) + 0.5 - middle) * np.float32(self.spacing)
        self.pixel_x, self.pixel_y = np.meshgrid(columns, rows)
        coarse = (r * np.sin(angle)).astype("f4"), (r * np.cos(angle)).astype("f4")
        pixels = self.pixel_x, self.pixel_y
        x, y = (np.append(beams, every) for beams, every in zip(coarse, pixels, strict=True))
        self.places: tuple[Array, Array] = (x, y)
        radius = np.hypot(self.pixel_x, self.pixel_y)
        theta = np.arctan2(self.pixel_x, self.pixel_y)
        inside = (np.abs(theta) <= style.half_angle) & (radius <= style.depth) & (radius >= self.start)
        self.sector: npt.NDArray[np.bool_] = inside & (self.pixel_y > 0)
        # black outside the sector, whatever sample is asked for: far ones are slow to look up
        self._row = np.where(self.sector, (radius - self.start) / self.step, 0).astype("f4")
        self._column = np.where(self.sector, (theta + style.half_angle) / self.pitch, 0).astype("f4")
        self.sigma = (style.sigma_axial / self.step, style.sigma_lateral / self.pitch)

    def split(self, at_places: Array) -> tuple[Array, Array]:
        """What is known at `places`: interpolated to all beam samples (depths, beams), and at the pixels."""
        count = self._coarse[0] * self._coarse[1]
        beams = at_places[:count].reshape(self._coarse)
        fine = cv2.resize(beams, (self.beams, self.depths), interpolation=cv2.INTER_LINEAR)
        return np.asarray(fine), at_places[count:].reshape(self.pixel_x.shape)

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


def _every(count: int) -> npt.NDArray[np.float64]:
    """Where the cells of the coarse grid have their centres, in samples of the fine one."""
    cells = -(-count // COARSE)
    return np.asarray((np.arange(cells) + 0.5) * (count / cells) - 0.5)
