"""Label maps drawn from `sim`'s anatomy, for whoever has none: whole sequences too, and no pixel rendered."""

import numpy as np

from echodfkd.errors import UsageError
from echodfkd.synth.masks.maps import LabelMap, LabelVideo
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.scene import Patient


def drawn_map(
    seed: int, index: int, preset: str = "echonet", view: str = "a4c", size: int = 112, **options: str
) -> LabelMap:
    """The classes at ED of clip `index` of `sim`'s set `seed`, with its cone and spacing.

    Args:
        preset, view, size, options: as of `SimGenerator` (`convention`, `pathology`).

    Raises:
        UsageError: for an unknown name, or a view without an apical LV.
    """
    generator = SimGenerator(frames=1, size=size, view=view, preset=preset, **options)  # type: ignore[arg-type]
    patient = _apical(generator, seed, index)
    geometry = patient.geometry
    return LabelMap(patient.mask_at(0.0, 0.0), geometry.sector, geometry.spacing)


def drawn_video(generator: SimGenerator, seed: int, index: int) -> LabelVideo:
    """The masks (T, H, W), sector, ED, ES and EF of a clip of `sim`, the very ones of `generator.clip`.

    Raises:
        UsageError: for a view without an apical LV.
    """
    patient = _apical(generator, seed, index)
    known = generator.measures(patient)
    known.pop("ef_3d")
    mask = np.stack([patient.mask(float(time)) for time in generator.times()])
    geometry = patient.geometry
    return LabelVideo(mask, geometry.sector, generator.fps, spacing_mm=geometry.spacing, **known)


def _apical(generator: SimGenerator, seed: int, index: int) -> Patient:
    patient = generator.patient(seed, index)
    if not patient.view.apical:
        raise UsageError(f"the view {generator.view!r} shows no apical LV: choose a4c or a2c")
    return patient
