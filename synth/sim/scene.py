"""Scene: one patient before one scanner, everything that a clip's frames have in common."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Label, Mask
from echodfkd.synth.sim import anatomy as an
from echodfkd.synth.sim import scanner
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.brightness import sample_echo
from echodfkd.synth.sim.camera import Camera, Speckle
from echodfkd.synth.sim.display import Geometry
from echodfkd.synth.sim.kinetics import Rocking, sample_motion
from echodfkd.synth.sim.physics import Real
from echodfkd.synth.sim.rhythm import Cycle, sample_cycle
from echodfkd.synth.sim.tissue import Reference
from echodfkd.synth.sim.tracing import fold, split_layer
from echodfkd.synth.sim.valves import draw_leaflets
from echodfkd.synth.sim.views import VIEWS
from echodfkd.volume import disk_volume, ejection_fraction


class Patient:
    """One heart, or what lies beside it, from one view: its shape, its motion and its labels.

    Args:
        rng: source of randomness. preset: see `scanner.PRESETS`. size: side of the picture in pixels.
        ef: EF asked for, in percent. seconds: how long the clip is.
        convention: see `tracing.CONVENTIONS`. view: see `views.VIEWS`.
        pathology: "apical-akinesia", "apical-hypertrophy" or None, the mix that networks learn from.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        preset: str,
        size: int,
        ef: float,
        seconds: float,
        convention: str = "echonet",
        view: str = "a4c",
        pathology: str | None = None,
    ) -> None:
        self.view = VIEWS[view]
        self.convention = convention
        self.style = scanner.sample_style(rng, preset)
        self.geometry = Geometry(self.style, size)
        self.heart = an.sample_anatomy(rng, pathology)
        self.pose = self.view.pose(rng, self.heart, self.style)
        kinetics = sample_motion(rng, ef, pathology)
        if not self.view.right_heart:
            kinetics = replace(kinetics, rv_shift=0.0)
        self.motion = self.view.motion(self.heart, ef, kinetics)
        self.cycle: Cycle = sample_cycle(rng, seconds)
        rocking = Rocking(kinetics.rock, kinetics.lag, self.heart.length, self.cycle)
        self.pose = replace(self.pose, rocking=rocking)
        self.leaflet = float(np.exp(rng.uniform(-2.2, 0.6)))  # against myocardium: hardly seen .. bright
        tricuspid = rng.uniform(20, 36), rng.uniform(0.03, 0.08)  # mm across, share of the LV nearer the apex
        self.tricuspid = tricuspid if self.view.right_heart else None
        step = min(0.75, self.geometry.spacing / 1.5)
        self.reference: Reference = self.view.reference(self.heart, sample_echo(rng), rng, step)
        if convention == "camus":
            self.reference = replace(self.reference, labels=split_layer(self.reference.labels))
        if self.view.apical:  # the disks see a little less than the formula: aim again by as much
            self._edv = self._volume(0.0)  # whatever the motion: nothing has moved yet
            aim = 2 * ef - ejection_fraction(*self.volumes())
            self.motion = self.view.motion(self.heart, float(np.clip(aim, 1, 92)), kinetics)

    def contraction(self, time: float) -> float:
        """Contraction at a time in s: 0 = ED, 1 = ES."""
        return min(max(float(self.cycle.ejected(time)), 0.0), 1.0)

    def labels(self, time: float, a: float) -> npt.NDArray[np.uint8]:
        """Tissues of each pixel (size, size); inside and outside the sector alike."""
        x, z = self.pose.to_heart(self.geometry.pixel_x, self.geometry.pixel_y, time, a)
        return self.reference.tissues(*self.motion.to_reference(x, z, a))

    def mask(self, time: float) -> Mask:
        """Public classes of each pixel (size, size) at a time in s; none but background off the apex."""
        return self.mask_at(time, self.contraction(time))

    def mask_at(self, time: float, a: float) -> Mask:
        """Public classes of each pixel (size, size) at a time in s and a contraction, 0 = ED, 1 = ES."""
        return self._public(self.labels(time, a))

    def _public(self, tissues: npt.NDArray[np.uint8]) -> Mask:
        return fold(tissues, self.convention) if self.view.apical else np.zeros_like(tissues)

    def displacement(self, time: float) -> Array:
        """How far (mm) the tissue in each pixel has moved since ED: (size, size, 2), to the right and down.

        Breathing is left out, the sway and the rocking of each beat are in.
        """
        a = self.contraction(time)
        x, y = self.geometry.pixel_x, self.geometry.pixel_y
        x0, z0 = self.motion.to_reference(*self.pose.to_heart(x, y, time, a), a)
        px, py = replace(self.pose, rocking=None).to_picture(x0, z0, time, 0.0)
        return np.stack([x - px, y - py], -1).astype(np.float32)

    def volumes(self) -> tuple[float, float]:
        """EDV and ESV in ml by the method of disks on the exact mask, as a tracer would get them."""
        return self._edv, self._volume(1.0)

    def _volume(self, a: float) -> float:
        lv = fold(self.labels(0.0, a), self.convention) == Label.LV
        return float(disk_volume(lv, (self.geometry.spacing, self.geometry.spacing)).volume_ml)


class Scene(Patient):
    """A patient before one scanner. Args: as of `Patient`."""

    def __init__(
        self, rng: np.random.Generator, preset: str, size: int, ef: float, seconds: float, *how: Any
    ) -> None:
        super().__init__(rng, preset, size, ef, seconds, *how)
        self.speckle = Speckle(rng, self.reference, self.style.looks)
        self.camera = Camera(rng, self.style, self.geometry, size)

    def look(self, time: float) -> tuple[Array, Real, Mask]:
        """What the beams meet at a time in s, scatterer strength and field, and the mask of that moment."""
        a = self.contraction(time)
        now = self.pose.to_heart(*self.geometry.places, time, a)
        (x, _), (z, _) = map(self.geometry.split, now)
        (x0, pixel_x0), (z0, pixel_z0) = map(self.geometry.split, self.motion.to_reference(*now, a))
        strength, field = self.speckle.at(x0, z0, self.style.decorrelation * time)
        if self.view.mitral:
            strength = strength + draw_leaflets(self, x, z, time, a)
        return strength, field, self._public(self.reference.tissues(pixel_x0, pixel_z0))

    def tissue(self, time: float) -> tuple[Array, Real]:
        """What the beams meet at a time in s: scatterer strength and field."""
        return self.look(time)[:2]
