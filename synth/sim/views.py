"""The views that the simulator films: what each shows, how it lies before the probe, and how it moves."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from echodfkd.synth.sim import elsewhere, parasternal
from echodfkd.synth.sim.anatomy import Anatomy
from echodfkd.synth.sim.brightness import Echo
from echodfkd.synth.sim.motion import Motion
from echodfkd.synth.sim.pose import Pose, sample_pose
from echodfkd.synth.sim.scanner import Style
from echodfkd.synth.sim.tissue import Reference, build_reference
from echodfkd.synth.sim.two_chamber import two_chamber


@dataclass(frozen=True)
class View:
    """One view.

    Attributes:
        reference: draws the tissues at ED. pose: puts them before the probe. motion: how they move.
        apical: whether the clip gets labels, events and an EF; else its mask is all background.
        mitral: whether the leaflets of the mitral valve are seen. right_heart: and those of the right heart.
    """

    reference: Callable[[Anatomy, Echo, np.random.Generator, float], Reference]
    pose: Callable[[np.random.Generator, Anatomy, Style], Pose]
    motion: type[Motion] = Motion
    apical: bool = False
    mitral: bool = False
    right_heart: bool = False


VIEWS = {
    "a4c": View(build_reference, sample_pose, apical=True, mitral=True, right_heart=True),
    "a2c": View(two_chamber, sample_pose, apical=True, mitral=True),
    "plax": View(parasternal.long_axis, parasternal.long_axis_pose, mitral=True),
    "sax": View(parasternal.short_axis, parasternal.short_axis_pose, parasternal.RingMotion),
    "none": View(elsewhere.elsewhere, elsewhere.still_pose, elsewhere.Still),
}
