"""Stills of `sim` at ED or ES: one frame of a beat, at the very moment, and no other is rendered."""

from typing import Any

import numpy as np

from echodfkd.clip import Clip, Mask
from echodfkd.errors import unknown_name
from echodfkd.synth.base import clip_name
from echodfkd.synth.sim.anatomy import Array
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.physics import Real
from echodfkd.synth.sim.scene import Patient, Scene

PHASES = ("ed", "es")
FPS, FRAMES = 25.0, 50  # two seconds hold a beat of the slowest heart


class SimStills:
    """Clips of one frame, of `sim`'s patients at ED or ES, with their exact labels.

    Args:
        size: side in pixels, even. view: "a4c" or "a2c". phase: "ed" or "es". preset, ef: of `SimGenerator`.

    Raises:
        UsageError: for a name that is not among the choices.
    """

    name, version = SimGenerator.name, SimGenerator.version

    def __init__(
        self,
        size: int = 112,
        view: str = "a4c",
        phase: str = "ed",
        preset: str = "echonet",
        ef: tuple[float, float] | None = None,
    ) -> None:
        if phase not in PHASES:
            raise unknown_name("phase", phase, [*PHASES])
        self.phase, self.sim = phase, SimGenerator(FRAMES, size, FPS, view, preset, ef)

    def parameters(self) -> dict[str, Any]:
        """Every setting that a still depends on beside seed and index."""
        return {**self.sim.parameters(), "phase": self.phase}

    def clip(self, seed: int, index: int) -> Clip:
        """Still `index` of the set of `seed`; depends on both and on the parameters alone."""
        scene, rng, _ = self.sim.scene(seed, index)
        masks: list[Mask] = []

        def tissue(time: float) -> tuple[Array, Real]:
            strength, field, mask = scene.look(time)
            masks.append(mask)
            return strength, field

        frames = scene.camera.record(rng, np.array([self.moment(scene)]), tissue, FPS)
        edv, esv = scene.volumes()
        return Clip(
            frames=frames,
            name=clip_name(self.name, seed, index),
            spacing_mm=(scene.geometry.spacing,) * 2,
            mask=np.stack(masks),
            sector=scene.geometry.sector,
            ed_frames=(0,) if self.phase == "ed" else (),
            es_frames=(0,) if self.phase == "es" else (),
            ef=self.sim.measures(scene)["ef"],
            edv_ml=edv,
            esv_ml=esv,
            view=self.sim.view,
        )

    def moment(self, patient: Patient | Scene) -> float:
        """Time in s of the fullest ED, or of the emptiest ES, that two seconds show."""
        cycle = patient.cycle
        times = cycle.starts if self.phase == "ed" else cycle.ends
        shown = times[(times >= 0) & (times <= FRAMES / FPS)]
        full = [patient.contraction(float(time)) for time in shown]
        return float(shown[np.argmin(full) if self.phase == "ed" else np.argmax(full)])
