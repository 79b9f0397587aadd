"""The page's beats, volumes and EF against those of `segment`, on the same curves and masks."""

import cv2
import numpy as np
import pytest
from web_page import javascript

from echodfkd.beats import Events, detect_events, filling, heart_rate_bpm, pair_beats
from echodfkd.segment.masks import largest_filled
from echodfkd.segment.measure import measure
from echodfkd.segment.still import MotionMeter
from echodfkd.turns import nominal_fps
from echodfkd.volume import disk_volume


def curves() -> list[tuple[np.ndarray, float | None]]:
    """Beating areas of many rates, lengths and noises, with lost frames and spikes here and there."""
    rng = np.random.default_rng(0)
    found: list[tuple[np.ndarray, float | None]] = []
    for k in range(60):
        fps, frames = float(rng.choice([8, 25, 30, 50, 80])), int(rng.integers(2, 160))
        phase = (np.arange(frames) / fps * rng.uniform(0.7, 2.2) + rng.uniform(0, 1)) % 1
        squeeze = np.where(phase < 0.35, np.sin(np.pi * phase / 0.7), np.exp(-(phase - 0.35) * 8))
        area = 1000 * (1 - rng.uniform(0, 0.5) * squeeze) + rng.normal(0, rng.choice([0, 2, 30]), frames)
        if k % 5 == 0:
            area[rng.integers(0, frames, 2)] = 0
        if k % 7 == 0:
            area[rng.integers(0, frames)] *= 1.6
        found.append((area, None if k % 6 == 0 else fps))
    return found


def test_events_beats_and_heart_rate_are_those_of_segment() -> None:
    cases = curves()
    found = javascript("measure/beats.js", "detectEvents", *((area, fps) for area, fps in cases))
    events = [detect_events(area, fps) for area, fps in cases]
    assert sum(bool(each.ed and each.es) for each in events) > 30
    assert [Events(tuple(one["ed"]), tuple(one["es"])) for one in found] == events
    rates = javascript(
        "measure/beats.js", "heartRate", *((one, case[1]) for one, case in zip(found, cases, strict=True))
    )
    ours = [heart_rate_bpm(one, case[1]) for one, case in zip(events, cases, strict=True)]
    assert [rate and round(rate, 6) for rate in rates] == [rate and round(rate, 6) for rate in ours]
    pairs = javascript(
        "measure/beats.js",
        "pairBeats",
        *((one, len(case[0])) for one, case in zip(found, cases, strict=True)),
    )
    theirs = [pair_beats(one, len(case[0])) for one, case in zip(events, cases, strict=True)]
    assert pairs == [[vars(beat) for beat in beats] for beats in theirs]
    halves = javascript("measure/beats.js", "filling", *((one,) for one in found))
    assert halves == [[vars(beat) for beat in filling(one)] for one in events]


def test_the_nominal_rate_is_that_of_segment() -> None:
    cases = [area for area, _ in curves()]
    found = javascript("measure/turns.js", "nominalFps", *((area,) for area in cases))
    assert found == pytest.approx([nominal_fps(area) for area in cases], rel=1e-9)


def ventricle(rng: np.random.Generator, height: int = 200, width: int = 180) -> np.ndarray:
    """A tilted half ellipse with a ragged edge, bool (H, W)."""
    mask = np.zeros((height, width), np.uint8)
    axes = (int(rng.integers(20, 40)), int(rng.integers(45, 80)))
    cv2.ellipse(mask, (90, 130), axes, float(rng.uniform(-25, 25)), 180, 360, 1, cv2.FILLED)
    noise = cv2.GaussianBlur(rng.normal(0, 1, mask.shape), (0, 0), 3)
    return (cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 3) + 0.6 * noise) > 0.5


def test_volumes_are_those_of_segment() -> None:
    rng = np.random.default_rng(1)
    masks = [ventricle(rng) for _ in range(12)]
    spacings = [(1.0, 1.0), (0.5, 0.5), (0.4, 0.7)] * 4
    cases = [(mask, 180, 200, spacing) for mask, spacing in zip(masks, spacings, strict=True)]
    found = javascript("measure/volume.js", "diskVolume", *cases)
    for one, mask, spacing in zip(found, masks, spacings, strict=True):
        ours = disk_volume(mask, spacing)
        assert ours.volume_ml > 0
        assert one["volume"] == pytest.approx(ours.volume_ml, rel=2e-3)
        assert one["length"] == pytest.approx(ours.length_mm, rel=2e-3)
    empty = javascript("measure/volume.js", "diskVolume", (np.zeros((9, 9), bool), 9, 9))
    assert empty == [{"volume": 0, "length": 0}]


def test_one_clean_piece_without_holes_is_kept() -> None:
    rng = np.random.default_rng(2)
    pictures = [(cv2.GaussianBlur(rng.random((70, 90)), (0, 0), 4) * 2 - 0.5).clip(0, 1) for _ in range(10)]
    soft = [(255 * picture).astype(np.uint8) for picture in pictures] + [np.zeros((70, 90), np.uint8)]
    found = javascript("picture/components.js", "largestFilled", *((one, 90, 70, 128) for one in soft))
    for one, prob in zip(found, soft, strict=True):
        ours = largest_filled(prob >= 128)
        assert one["area"] == ours.sum()
        assert (one["mask"].reshape(70, 90) == ours).all()


def test_stills_are_noticed_as_segment_does() -> None:
    rng = np.random.default_rng(3)
    still = np.repeat(rng.integers(0, 255, (1, 40, 40), np.uint8), 6, 0)
    coded = np.clip(still + rng.normal(0, 0.4, still.shape), 0, 255).astype(np.uint8)
    moving = rng.integers(0, 255, (6, 40, 40), np.uint8)
    clips = [still, coded, moving, np.zeros_like(still), still[:1]]
    found = javascript("measure/still.js", "nothingMoves", *(([*clip],) for clip in clips))
    ours = []
    for clip in clips:
        meter = MotionMeter()
        assert len(list(meter.watch(clip))) == len(clip)
        ours.append(meter.nothing_moves())
    assert found == ours == [True, True, False, False, False]


@pytest.mark.parametrize("sizes", [(10, 20), (40, 90)])
def test_what_is_no_lv_is_said_as_segment_says_it(sizes: tuple[int, int]) -> None:
    areas = [[0.0] * 7 + [50.0] * 3, [2.0] * 10, [900.0] * 10]
    cases = [(area, sizes[0] * sizes[1]) for area in areas]
    found = javascript("measure/measure.js", "noLv", *cases)
    for said, (area, pixels) in zip(found, cases, strict=True):
        nothing = measure(
            np.array(area), lambda _: np.zeros((4, 4), bool), sector_px=pixels, fps=50, spacing_mm=None
        )
        assert said == (nothing.warnings[0] if nothing.warnings[0].startswith("No LV") else None)
