"""What the page hands to a learned head and takes from it, against Python's, on the same masks and curves."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from beating_curves import soft
from dark_cavity import beating
from web_page import javascript

from echodfkd.beats import Events, detect_events
from echodfkd.beats_head import detect_events_with_head
from echodfkd.heads.channels import Channels, channels, on_frames, steps
from echodfkd.heads.features import FEATURES, frame_features
from echodfkd.heads.reading import Reading
from echodfkd.segment.measure import Findings, measure

SIDE = 112
RATES = (2.0, 12.5, 25.0, 30.0, 50.0, 80.0)  # Hz: below, at and above the clock's


def masks() -> np.ndarray:
    """Soft masks (T, S, S): tilted, cut by an edge, in pieces, and none at all."""
    rng = np.random.default_rng(0)
    found = [*soft(beating(8)[1])]
    for _ in range(24):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        middle, axes = rng.integers(25, 87, 2).tolist(), sorted(rng.integers(8, 45, 2).tolist())
        cv2.ellipse(mask, middle, axes, float(rng.uniform(-60, 60)), 0, 360, 255, cv2.FILLED)
        cv2.circle(mask, rng.integers(0, SIDE, 2).tolist(), 5, 255, cv2.FILLED)
        found.append(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 3))))
    speck = np.zeros((SIDE, SIDE), np.uint8)
    speck[50:53, 50:53] = 255
    return np.stack([*found, speck, np.zeros_like(speck)])


def test_the_rows_of_soft_masks_are_those_of_segment() -> None:
    cases = masks()
    found = np.array(javascript("measure/features.js", "frameFeatures", *((one, SIDE) for one in cases)))
    ours = frame_features(cases)
    assert (ours[:-2, FEATURES.index("length")] > 0).all()
    assert (ours[-2:, FEATURES.index("length")] == 0).all()
    assert found == pytest.approx(ours, abs=2e-4)  # sides: OpenCV turns pictures in whole grey levels


def rows(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Rows (T, F) of plausible size, some frames without an LV."""
    found = np.abs(rng.normal(0.2, 0.05, (frames, len(FEATURES)))).astype(np.float32)
    found[rng.random(frames) < 0.1] = 0
    return found


def test_the_channels_are_those_of_segment() -> None:
    rng = np.random.default_rng(1)
    cases = [(rows(rng, int(rng.integers(1, 90))), fps) for fps in RATES for _ in range(3)]
    cases.append((np.zeros((12, len(FEATURES)), np.float32), 25.0))
    found = javascript("measure/channels.js", "channels", *cases)
    for one, (clip, fps) in zip(found, cases, strict=True):
        assert one == pytest.approx(channels(clip, fps).ravel(), abs=1e-5)


def test_what_the_head_sees_stands_on_the_frames_of_segment() -> None:
    rng = np.random.default_rng(2)
    clips = [(int(rng.integers(1, 90)), fps) for fps in RATES for _ in range(3)]
    cases = [(rng.random(len(steps(frames, fps))), frames, fps) for frames, fps in clips]
    found = javascript("measure/channels.js", "onFrames", *cases)
    for one, case in zip(found, cases, strict=True):
        assert one == pytest.approx(on_frames(*case), abs=1e-9)


def read_clips() -> list[tuple[np.ndarray, dict[str, np.ndarray], float | None]]:
    """Beating areas, and heats that see most of their events, some false ones, and plateaus."""
    rng = np.random.default_rng(3)
    found: list[tuple[np.ndarray, dict[str, np.ndarray], float | None]] = []
    for k in range(80):
        fps, frames = float(rng.choice([8, 25, 50, 80])), int(rng.integers(2, 160))
        at, rate, start = np.arange(frames), rng.uniform(0.7, 2.2) / fps, rng.uniform(0, 1)
        phase = (at * rate + start) % 1
        area = 1000 * (1 + rng.uniform(0.05, 0.3) * np.cos(2 * np.pi * phase)) + rng.normal(0, 4, frames)
        heat = {kind: np.zeros(frames) for kind in ("ed", "es")}
        for kind, shift in (("ed", 0.0), ("es", 0.5)):
            middles = (np.arange(-1, 400) + shift - start) / rate + rng.normal(0, 1, 401)
            heights = rng.uniform(0.1, 1.1, 401) * (rng.random(401) < 0.9)
            beats = heights * np.exp(-0.5 * ((at[:, None] - middles) / (0.04 * fps)) ** 2)
            heat[kind] = np.minimum(np.round(beats.max(1), 2), 0.9)
        if k % 6 == 0:
            area[rng.integers(0, frames)] = 0
        found.append((area, heat, None if k % 7 == 0 else fps))
    return found


def test_events_with_a_head_are_those_of_segment() -> None:
    cases = read_clips()
    found = javascript("measure/beats-head.js", "detectEventsWithHead", *cases)
    ours = [detect_events_with_head(area, heat["ed"], heat["es"], fps) for area, heat, fps in cases]
    alone = [detect_events(area, fps) for area, _, fps in cases]
    assert sum(one != other for one, other in zip(ours, alone, strict=True)) > 20
    assert [Events(tuple(one["ed"]), tuple(one["es"])) for one in found] == ours


@dataclass
class Told:
    """A head that says what it is told, and 7 points above the masks' EF; as web/by_head.mjs."""

    ed: np.ndarray
    es: np.ndarray
    lv: float | None
    lv_limit: float | None
    name: str = "told"

    def read_channels(
        self, made: Channels, frames: int, fps: float, ef: float | None = None, half: bool = True
    ) -> Reading:
        if ef is None:
            return Reading(self.ed, self.es, None, None, self.lv)
        return Reading(self.ed, self.es, ef + 7, (ef - (9 if half else 3), ef + 12), self.lv)


def with_head(video: np.ndarray, fps: float | None, head: Told) -> Findings:
    return measure(
        video.sum((1, 2)).astype(float),
        lambda k: video[k],
        sector_px=SIDE**2,
        fps=fps,
        spacing_mm=None,
        head=head,
        rows=frame_features(soft(video)),
    )


@pytest.mark.parametrize(
    ("frames", "lv", "limit"),
    [(50, 0.97, 0.1), (50, None, None), (50, 0.3, 0.1), (50, 0.02, 0.1), (12, 0.8, 0.1), (4, 0.8, 0.1)],
)
def test_what_follows_from_a_reading_is_what_segment_makes_of_it(
    frames: int, lv: float | None, limit: float | None
) -> None:
    video, at = beating(frames, beat=20)[1], np.arange(frames)
    ed, es = (0.9 * np.exp(-0.5 * ((((at - k) + 10) % 20 - 10) / 2) ** 2) for k in (0, 10))
    told = {"ed": ed, "es": es, "lv": lv, "limit": limit}
    case = ([*video], [*soft(video)], SIDE, 25.0, told)
    (found,) = javascript("../../../tests/export/web/by_head.mjs", "measured", case)
    ours = with_head(video, 25.0, Told(ed, es, lv, limit))
    assert Events(tuple(found["events"]["ed"]), tuple(found["events"]["es"])) == ours.events
    assert (found["method"], len(found["beats"])) == (ours.ef_method, len(ours.beats))
    assert found["ef"] == (None if ours.ef is None else pytest.approx(ours.ef, abs=0.05))
    assert found["interval"] == (
        None if ours.ef_interval is None else pytest.approx(ours.ef_interval, abs=0.05)
    )
    sure = [beat.get("confidence") for beat in found["beats"]]
    assert sure == pytest.approx([beat.confidence for beat in ours.beats], abs=1e-6)
    heads_own = [line for line in ours.warnings if "look of its curves" in line]
    assert [line for line in found["warnings"] if "look of its curves" in line] == heads_own
    assert bool(heads_own) == (lv is not None and lv < 0.5)
