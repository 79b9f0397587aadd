"""Camera: films tissue with one scanner, from scatterers in beam space to the 8-bit picture."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.synth.sim import display, physics
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.scanner import Style
from echodfkd.synth.sim.tissue import Reference

# What the beams meet at a time in s: strength (depths, beams) and unit-power field (depths, beams, 2).
Tissue = Callable[[float], tuple[Array, physics.Real]]

NOISE_MARGIN = 96  # samples by which the noise field is larger than the picture, either way


class Speckle:
    """Scatterers that live on a reference picture and move with it."""

    def __init__(self, rng: np.random.Generator, reference: Reference) -> None:
        self.reference = reference
        shape = reference.labels.shape  # OpenCV is fast at four channels, NumPy at one complex number
        self._fields = np.concatenate([physics.scatterers(rng, shape), physics.scatterers(rng, shape)], -1)

    def at(self, x0: Array, z0: Array, turn: float) -> tuple[Array, physics.Real]:
        """Strength and field where the beam samples were in the reference picture (mm).

        Args:
            turn: angle in radians by which one speckle pattern has turned into another, since tissue
                slowly leaves the plane.
        """
        column, row = self.reference.column(x0), self.reference.row(z0)
        border = cv2.BORDER_REFLECT
        strength = cv2.remap(self.reference.amplitude, column, row, cv2.INTER_LINEAR, borderMode=border)
        both = np.asarray(cv2.remap(self._fields, column, row, cv2.INTER_NEAREST, borderMode=border))
        old, new = np.moveaxis(both.view(np.complex64), -1, 0)
        field = np.float32(np.cos(turn)) * old + np.float32(np.sin(turn)) * new
        return np.asarray(strength, np.float32), field.view(np.float32).reshape(*field.shape, 2)


class Camera:
    """One scanner with its settings before one patient.

    Attributes:
        style: see `scanner`. geometry: see `display`. size: side of the picture in pixels.
    """

    def __init__(self, rng: np.random.Generator, style: Style, geometry: display.Geometry, size: int) -> None:
        self.style, self.geometry, self.size = style, geometry, size
        self._gain = display.gain_map(style, geometry, rng)
        clutter = display.clutter_map(style, geometry, rng)
        shape = (geometry.depths, geometry.beams)
        self._haze = physics.scatterers(rng, shape) * clutter[..., None]
        rows, columns = shape[0] + NOISE_MARGIN, shape[1] + NOISE_MARGIN
        self._noise_field = physics.scatterers(rng, (rows, columns))
        rise = np.linspace(0.1, 1, shape[0], dtype=np.float32) ** 2  # by the time-gain compensation
        self._noise_level = (rise * np.float32(10 ** (style.noise / 20)))[:, None, None]
        self._marks = display.sample_decorations(rng, geometry, size) if style.decorations else None

    def film(
        self, rng: np.random.Generator, times: npt.NDArray[np.float64], tissue: Tissue
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Grey pictures (size, size), one for each time in s, in order."""
        before: Array | None = None
        for k, time in enumerate(times):
            grey = self._beam_picture(rng, *tissue(float(time)))
            keep = self._keep(times[k] - times[k - 1]) if k else np.float32(0)
            before = grey if before is None or keep < 0.02 else keep * before + (1 - keep) * grey
            yield self._finish(self.geometry.scan_convert(before))

    def _keep(self, gap: float) -> np.float32:
        """Share of the last frame that persists `gap` s later."""
        if self.style.persistence <= 0.002:
            return np.float32(0)
        return np.float32(np.exp(-gap / self.style.persistence))

    def _beam_picture(self, rng: np.random.Generator, strength: Array, field: physics.Real) -> Array:
        style = self.style
        echoes = np.asarray(cv2.multiply(field, cv2.merge((strength, strength)))) + self._haze
        echoes = physics.point_spread(echoes, *self.geometry.sigma)
        echoes += self._noise(rng)
        amplitude = physics.envelope(echoes)
        reach = max(3, self.geometry.beams // 7) | 1
        amplitude += np.float32(10 ** (style.side_lobe / 20)) * cv2.blur(strength, (reach, 1))
        grey = physics.log_compress(amplitude, self._gain, style.dynamic_range)
        return np.asarray(grey ** np.float32(style.gamma), np.float32)

    def _noise(self, rng: np.random.Generator) -> physics.Real:
        """Electronic noise: white, another window of one large field in each frame, raised with depth."""
        top, left = rng.integers(NOISE_MARGIN, size=2)
        window = self._noise_field[top : top + self.geometry.depths, left : left + self.geometry.beams]
        return np.asarray(window * self._noise_level, np.float32)

    def _finish(self, picture: Array) -> npt.NDArray[np.uint8]:
        """Display filter, 8 bits, burnt-in marks and compression damage of one frame."""
        sigma = self.style.smooth * self.size / 112
        if sigma > 0.25:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32) * self.geometry.sector
        grey = (picture * 255 + 0.5).astype(np.uint8)
        if self._marks is not None:
            grey = np.maximum(grey, self._marks)
        if self.style.jpeg:
            code = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, self.style.jpeg])[1]
            grey = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
        return grey
