"""The `sim` generator: draws a heart and a scanner for each clip, and films the one with the other."""

from collections.abc import Collection
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Clip, Mask
from echodfkd.errors import unknown_name
from echodfkd.synth.base import clinic_ef, clip_name
from echodfkd.synth.sim import scanner
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.physics import Real
from echodfkd.synth.sim.rhythm import Cycle
from echodfkd.synth.sim.scene import Patient, Scene
from echodfkd.synth.sim.tracing import CONVENTIONS
from echodfkd.synth.sim.views import VIEWS
from echodfkd.volume import ejection_fraction

PATHOLOGIES = ("apical-akinesia", "apical-hypertrophy")
Drawn = TypeVar("Drawn", bound=Patient)


class SimGenerator:
    """Procedural apical clips with exact labels, and clips from elsewhere in which there is no apical LV.

    Args:
        frames: T. size: side in pixels, even. fps: Hz.
        view: "a4c" or "a2c"; "plax", "sax" or "none" give negatives: mask all background, no events, no EF.
        preset: scanner family, see `scanner.PRESETS`.
        ef: (low, high) in percent to draw the EF from evenly; None draws the mix of a clinic.
        convention: where the tracer's contour runs, see `tracing.CONVENTIONS`.
        pathology: None draws the mix that networks learn from; "apical-akinesia" and "apical-hypertrophy"
            are never part of it.

    Raises:
        UsageError: for a name that is not among the choices.
    """

    name = "sim"
    version = "4"

    def __init__(
        self,
        frames: int = 128,
        size: int = 112,
        fps: float = 50.0,
        view: str = "a4c",
        preset: str = "echonet",
        ef: tuple[float, float] | None = None,
        convention: str = "echonet",
        pathology: str | None = None,
    ) -> None:
        choices: dict[str, tuple[str | None, Collection[str | None]]] = {
            "view": (view, VIEWS),
            "preset": (preset, scanner.PRESETS),
            "convention": (convention, CONVENTIONS),
            "pathology": (pathology, (None, *PATHOLOGIES)),
        }
        for kind, (given, known) in choices.items():
            if given not in known:
                raise unknown_name(kind, str(given), [name for name in known if name])
        self.frames, self.size, self.fps, self.view = frames, size, fps, view
        self.preset, self.ef, self.convention, self.pathology = preset, ef, convention, pathology

    def parameters(self) -> dict[str, Any]:
        """Every setting that a clip depends on beside seed and index."""
        return {k: v for k, v in vars(self).items() if not k.startswith("_")}

    def scene(self, seed: int, index: int) -> tuple[Scene, np.random.Generator, float]:
        """Patient and scanner of clip `index`, the generator that its frames go on with, and the EF asked."""
        return self._draw(Scene, seed, index)

    def patient(self, seed: int, index: int) -> Patient:
        """The patient of clip `index` alone: labels without pixels, in half the time of a scene."""
        return self._draw(Patient, seed, index)[0]

    def _draw(self, kind: type[Drawn], seed: int, index: int) -> tuple[Drawn, np.random.Generator, float]:
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, index))))
        drawn = clinic_ef(rng)
        ef = drawn if self.ef is None else float(rng.uniform(*self.ef))
        how = self.convention, self.view, self.pathology
        return kind(rng, self.preset, self.size, ef, self.frames / self.fps, *how), rng, ef

    def clip(self, seed: int, index: int) -> Clip:
        """Clip `index` of the set of `seed`; depends on both and on the parameters alone."""
        scene, rng, _ = self.scene(seed, index)
        masks: list[Mask] = []

        def tissue(time: float) -> tuple[Array, Real]:
            strength, field, mask = scene.look(time)
            masks.append(mask)
            return strength, field

        clip = Clip(
            frames=scene.camera.record(rng, self.times(), tissue, self.fps),
            fps=self.fps,
            name=clip_name(self.name, seed, index),
            spacing_mm=(scene.geometry.spacing, scene.geometry.spacing),
            mask=np.stack(masks),
            sector=scene.geometry.sector,
            view=self.view,
        )
        return clip.with_(**self.measures(scene)) if scene.view.apical else clip

    def displacement(self, seed: int, index: int) -> Array:
        """How far (mm) the tissue in each pixel of clip `index` has moved since ED.

        Returns:
            float32 (T, H, W, 2): to the right, down. See `Scene.displacement`.
        """
        scene, _, _ = self.scene(seed, index)
        return np.stack([scene.displacement(float(time)) for time in self.times()])

    def times(self) -> npt.NDArray[np.float64]:
        """Time of each frame in s."""
        return np.asarray(np.arange(self.frames) / self.fps)

    def measures(self, scene: Patient) -> dict[str, Any]:
        """Events and volumes of an apical clip, by the names of `Clip`'s fields."""
        edv, esv = scene.volumes()
        ed, es = self._events(scene.cycle)
        volumes = {"edv_ml": edv, "esv_ml": esv, "ef": ejection_fraction(edv, esv), "ef_3d": scene.motion.ef}
        return {"ed_frames": ed, "es_frames": es, **volumes}

    def _events(self, cycle: Cycle) -> tuple[tuple[int, ...], tuple[int, ...]]:
        def inside(times: npt.NDArray[np.float64]) -> tuple[int, ...]:
            frames = np.round(times * self.fps).astype(int)
            return tuple(int(f) for f in frames if 0 <= f < self.frames)

        return inside(cycle.starts), inside(cycle.ends)
