"""Motion: from one label map to a sequence. `prescribed` beats with a wanted EF, `static` repeats the map.

The paper's Free-Echo repeats its map and lets temporal attention invent a motion; a map that beats prescribes
it, so every frame has its own mask and ED, ES and EF are known.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from echodfkd.errors import UsageError, unknown_name
from echodfkd.synth.masks.aim import aim, sample_kinetics
from echodfkd.synth.masks.maps import LabelMap, LabelVideo
from echodfkd.synth.masks.warp import Warp
from echodfkd.synth.sim.rhythm import Cycle, regular_cycle, sample_rate
from echodfkd.volume import ejection_fraction

EF_RANGE, RATE_RANGE = (5.0, 90.0), (40.0, 140.0)  # percent, per minute
PER_BEAT = 4  # frames: with fewer, ED and ES fall together


@dataclass(frozen=True)
class Beat:
    """The motion asked for.

    Args:
        frames: T. fps: Hz. ef: percent, 5..90.
        rate: beats per minute, 40..140; None draws one that the frame rate can show.
        phase: how much of a beat is over in frame 0, 0..1, 0 begins with ED; None draws it.

    Raises:
        UsageError: for a value outside its range, or less than four frames per beat.
    """

    frames: int
    fps: float
    ef: float
    rate: float | None = None
    phase: float | None = None

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise UsageError(f"a clip needs at least one frame, got {self.frames}")
        _within("EF", self.ef, EF_RANGE, "%")
        if self.rate is not None:
            _within("rate", self.rate, RATE_RANGE, "beats per minute")
        if self.phase is not None:
            _within("start phase", self.phase, (0.0, 1.0), "of a beat")
        if not self.fps * 60 / (self.rate or RATE_RANGE[0]) >= PER_BEAT:
            raise UsageError(f"{self.fps:g} Hz is less than {PER_BEAT} frames per beat: raise the frame rate")


def prescribed(map_: LabelMap, rng: np.random.Generator, beat: Beat) -> LabelVideo:
    """Let the heart of a label map (at ED) beat with a wanted EF.

    The cavity narrows and shortens, the annulus descends towards a nearly still apex, the wall thickens as
    much as keeps its area to within a tenth, the atria fill. All beats are alike. The frame nearest to each
    ED and ES shows that very moment, so the EF of these masks is the EF of the clip, by the method of disks.

    Args:
        map_: the classes at ED; its cone does not move.
        rng: draws how (not how much) this heart contracts, and what `beat` leaves open.

    Raises:
        EchoError: when this LV cannot be brought to the EF, or is too small to move.
    """
    kinetics = sample_kinetics(rng, beat.ef)
    fastest = min(RATE_RANGE[1], beat.fps * 60 / PER_BEAT)
    rate = float(np.clip(sample_rate(rng), RATE_RANGE[0], fastest)) if beat.rate is None else beat.rate
    phase = float(rng.random()) if beat.phase is None else beat.phase
    beat = replace(beat, rate=rate, phase=phase)
    warp = Warp(map_)
    motion, edv, esv = aim(warp, beat.ef, kinetics)
    cycle = regular_cycle(rng, beat.frames / beat.fps, rate, phase)
    ed, es = (_frames(times, beat) for times in (cycle.starts, cycle.ends))
    mask = np.stack([warp.at(motion, a) for a in _contraction(cycle, beat, ed, es)])
    video = LabelVideo(mask, map_.cone, beat.fps, ed, es, ejection_fraction(edv, esv))
    if map_.spacing_mm is None:
        return video
    ml = map_.spacing_mm**3
    return replace(video, spacing_mm=map_.spacing_mm, edv_ml=edv * ml, esv_ml=esv * ml)


def static(map_: LabelMap, rng: np.random.Generator, beat: Beat) -> LabelVideo:
    """The map in every frame, as Free-Echo's paper has it: no ED, no ES, no EF. Draws nothing."""
    mask = np.repeat(map_.classes[None], beat.frames, 0)
    return LabelVideo(mask, map_.cone, beat.fps, spacing_mm=map_.spacing_mm)


MotionOf = Callable[[LabelMap, np.random.Generator, Beat], LabelVideo]
MOTIONS: dict[str, MotionOf] = {"prescribed": prescribed, "static": static}


def make_motion(name: str) -> MotionOf:
    """The motion of a name. Raises UsageError for an unknown one."""
    if name not in MOTIONS:
        raise unknown_name("motion", name, list(MOTIONS))
    return MOTIONS[name]


def _frames(times: npt.NDArray[np.float64], beat: Beat) -> tuple[int, ...]:
    """The frames nearest to some times in s, as far as they are in the clip."""
    nearest = np.round(times * beat.fps).astype(int)
    return tuple(int(frame) for frame in nearest if 0 <= frame < beat.frames)


def _contraction(
    cycle: Cycle, beat: Beat, ed: tuple[int, ...], es: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Contraction in each frame (T,), 0 and 1 in the frames of ED and ES."""
    a = np.clip(cycle.ejected(np.arange(beat.frames) / beat.fps), 0, 1)
    a[list(ed)], a[list(es)] = 0.0, 1.0
    return np.asarray(a)


def _within(what: str, value: float, allowed: tuple[float, float], unit: str) -> None:
    if not allowed[0] <= value <= allowed[1]:
        raise UsageError(f"{what} must be {allowed[0]:g} to {allowed[1]:g} {unit}, got {value:g}")
