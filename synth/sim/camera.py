"""Camera: films tissue with one scanner, from scatterers in beam space to the 8-bit picture."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.synth.sim import display, physics
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.haze import Haze
from echodfkd.synth.sim.marks import sample_marks
from echodfkd.synth.sim.scanner import Style
from echodfkd.synth.sim.storage import through_h264
from echodfkd.synth.sim.tissue import Reference

# What the beams meet at a time in s: strength (depths, beams), unit-power fields (depths, beams, 2 * looks).
Tissue = Callable[[float], tuple[Array, physics.Real]]

NOISE_MARGIN = 40  # samples by which the noise field is larger than the picture, either way


class Speckle:
    """Scatterers that live on a reference picture and move with it; one or two looks at them."""

    def __init__(self, rng: np.random.Generator, reference: Reference, looks: int = 1) -> None:
        self.reference, self.looks = reference, looks
        shape = reference.labels.shape  # OpenCV is fast at four channels, NumPy at one complex number
        self._fields = physics.scatterers(rng, shape, looks=2)

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
        looks = both.view(np.complex64)
        old, new = looks[..., 0], looks[..., 1]
        # a quarter turn further is another pattern altogether: the second look
        angles = [turn + k * np.pi / 2 for k in range(self.looks)]
        fields = [np.float32(np.cos(angle)) * old + np.float32(np.sin(angle)) * new for angle in angles]
        field = np.stack(fields, -1) if self.looks > 1 else fields[0][..., None]
        return np.asarray(strength, np.float32), field.view(np.float32).reshape(*field.shape[:2], -1)


class Camera:
    """One scanner with its settings before one patient.

    Attributes:
        style: see `scanner`. geometry: see `display`. size: side of the picture in pixels.
    """

    def __init__(self, rng: np.random.Generator, style: Style, geometry: display.Geometry, size: int) -> None:
        self.style, self.geometry, self.size = style, geometry, size
        self._gain = display.gain_map(style, geometry, rng)
        self._haze = Haze(rng, style, geometry)
        rows, columns = geometry.depths + NOISE_MARGIN, geometry.beams + NOISE_MARGIN
        self._noise_field = physics.scatterers(rng, (rows, columns), style.looks)
        rise = np.linspace(0.1, 1, geometry.depths, dtype=np.float32) ** 2  # by the time-gain compensation
        self._noise_level = (rise * np.float32(10 ** (style.noise / 20)))[:, None, None]
        marked = style.decorations or style.menus
        self._marks = sample_marks(rng, geometry, size, style.menus) if marked else None
        self._grey_map = grey_map(style.curve) if style.curve else None

    def record(
        self, rng: np.random.Generator, times: npt.NDArray[np.float64], tissue: Tissue, fps: float
    ) -> Frames:
        """The film as an archive gives it back: uint8 (T, size, size)."""
        frames = np.stack([*self.film(rng, times, tissue)])
        return through_h264(frames, fps, self.style.h264) if self.style.h264 else frames

    def film(
        self, rng: np.random.Generator, times: npt.NDArray[np.float64], tissue: Tissue
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Grey pictures (size, size), one for each time in s, in order."""
        before: Array | None = None
        for k, time in enumerate(times):
            grey = self._beam_picture(rng, *tissue(float(time)), self._haze.at(float(time)))
            keep = self._keep(times[k] - times[k - 1]) if k else np.float32(0)
            before = grey if before is None or keep < 0.02 else keep * before + (1 - keep) * grey
            yield self._finish(self.geometry.scan_convert(before))

    def _keep(self, gap: float) -> np.float32:
        """Share of the last frame that persists `gap` s later."""
        if self.style.persistence <= 0.002:
            return np.float32(0)
        return np.float32(np.exp(-gap / self.style.persistence))

    def _beam_picture(
        self, rng: np.random.Generator, strength: Array, field: physics.Real, haze: physics.Real
    ) -> Array:
        style = self.style
        echoes = physics.weigh(field, strength)
        echoes += haze
        echoes = physics.point_spread(echoes, *self.geometry.sigma)
        echoes += self._noise(rng)
        amplitude = physics.envelope(echoes)
        reach = max(3, self.geometry.beams // 7) | 1
        amplitude += np.float32(10 ** (style.side_lobe / 20)) * cv2.blur(strength, (reach, 1))
        grey = physics.log_compress(amplitude, self._gain, style.dynamic_range)
        return np.power(grey, np.float32(style.gamma), out=grey)

    def _noise(self, rng: np.random.Generator) -> physics.Real:
        """Electronic noise: white, another window of one large field in each frame, raised with depth."""
        top, left = rng.integers(NOISE_MARGIN, size=2)
        window = self._noise_field[top : top + self.geometry.depths, left : left + self.geometry.beams]
        return np.asarray(window * self._noise_level, np.float32)

    def _finish(self, picture: Array) -> npt.NDArray[np.uint8]:
        """Display filters, grey map, 8 bits, burnt-in marks and compression damage of one frame."""
        unit = self.size / 112
        if self.style.smooth * unit > 0.25:
            blurred = cv2.GaussianBlur(picture, (0, 0), self.style.smooth * unit)
            picture = np.asarray(blurred, np.float32) * self.geometry.sector
        if self.style.sharpen:
            soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.2 * unit), np.float32)
            sharp = picture + np.float32(self.style.sharpen) * (picture - soft)
            picture = np.clip(sharp, 0, 1) * self.geometry.sector
        grey = (picture * 255 + 0.5).astype(np.uint8)
        if self.style.despeckle:
            grey = np.asarray(cv2.medianBlur(grey, 3), np.uint8)
        if self._grey_map is not None:
            grey = np.asarray(cv2.LUT(grey, self._grey_map), np.uint8)
        if self._marks is not None:
            grey = np.maximum(grey, self._marks)
        if self.style.jpeg:
            code = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, self.style.jpeg])[1]
            grey = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
        return grey


def grey_map(curve: float) -> npt.NDArray[np.uint8]:
    """Look-up table uint8 (256,), rising from 0 to 255; `curve` in -1..1 bends it to an S, or its mirror."""
    grey = np.linspace(0, 1, 256)
    return np.asarray((255 * (grey - curve * np.sin(2 * np.pi * grey) / (2 * np.pi))).round(), np.uint8)
