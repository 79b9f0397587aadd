"""The page finds, cuts and lays back the sector as `segment` does."""

import cv2
import numpy as np
import pytest
from web_page import javascript

from echodfkd.fan import upside_down
from echodfkd.readers import read_clip
from echodfkd.readers.example import example_path
from echodfkd.sector import Sector, crop, find_sector, square, uncrop
from echodfkd.segment.framing import framing
from echodfkd.synth.sim.generator import SimGenerator

Clip = tuple[np.ndarray, tuple[float, float] | None]


def capture(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """Frames in the middle of a screen with text beside them."""
    screen = np.zeros((len(frames), height, width), np.uint8)
    side = int(0.8 * height)
    for one, frame in zip(screen, frames, strict=True):
        top, left = height // 8, (width - side) // 2
        one[top : top + side, left : left + side] = cv2.resize(frame, (side, side))
        cv2.putText(one, "MI 1.1", (5, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    return screen


@pytest.fixture(scope="module")
def clips() -> dict[str, Clip]:
    sim = SimGenerator(frames=10, size=112).clip(3, 0)
    cine = read_clip(example_path())
    rng = np.random.default_rng(0)
    screen = capture(sim.frames, 300, 400)
    return {
        "sim": (sim.frames, sim.spacing_mm),
        "cine": (cine.frames[:10], cine.spacing_mm),
        "screen": (screen, (0.4, 0.4)),
        "upside down": (screen[:, ::-1], None),
        "cut off": (capture(sim.frames, 300, 400)[:, 60:, 110:], (0.4, 0.5)),
        "static": (screen[:1], None),
        "black": (np.zeros((3, 60, 80), np.uint8), None),
        "noise": (rng.integers(0, 255, (3, 60, 80), np.uint8), None),
    }


def test_the_sector_is_found_where_segment_finds_it(clips: dict[str, Clip]) -> None:
    cases = [([*frames], frames.shape[2], frames.shape[1]) for frames, _ in clips.values()]
    found = javascript("picture/sector.js", "findSector", *cases)
    for (name, (frames, _)), one in zip(clips.items(), found, strict=True):
        ours, mask = find_sector(frames), one["mask"].reshape(frames.shape[1:]) > 0
        assert one["box"] == pytest.approx(ours.box, abs=1), name
        assert one["isFan"] == ours.is_fan, name
        assert 2 * (mask & ours.mask).sum() >= 0.998 * (mask.sum() + ours.mask.sum()), name


def test_what_is_wrong_with_the_framing_is_said(clips: dict[str, Clip]) -> None:
    sectors = [find_sector(frames) for frames, _ in clips.values()]
    cases = [(as_json(one), one.mask.shape[1], one.mask.shape[0]) for one in sectors]
    said = javascript("picture/sector.js", "framing", *cases)
    ours = [framing(one) for one in sectors]
    for theirs, own in zip(said, ours, strict=True):
        assert theirs == own or theirs == (own or "").replace("; turn it and run again", "")
    assert sum(one is not None for one in ours) >= 3
    found = javascript(
        "picture/fan.js",
        "upsideDown",
        *((one.mask, *case[1:]) for one, case in zip(sectors, cases, strict=True)),
    )
    assert found == [upside_down(one.mask) for one in sectors]
    assert True in found


def test_squares_are_those_that_segment_feeds_and_come_back_alike(clips: dict[str, Clip]) -> None:
    for name, (frames, spacing) in clips.items():
        height, width = frames.shape[1:]
        sector = find_sector(frames)
        (made,) = javascript(
            "picture/sector.js", "crop", (frames[0], width, height, as_json(sector), 112, spacing)
        )
        ours = crop(frames[:1], sector, 112, spacing)
        assert np.abs(made.reshape(112, 112).astype(int) - ours[0]).max() <= 1, name
        (window,) = javascript("picture/sector.js", "windowOf", (as_json(sector), spacing))
        assert tuple(window) == square(sector, spacing), name
        (back,) = javascript("picture/sector.js", "uncrop", (ours[0], 112, window, width, height))
        theirs = uncrop(ours, sector, (height, width), spacing)
        assert np.abs(back.reshape(height, width).astype(int) - theirs[0]).max() <= 1, name


def as_json(sector: Sector) -> dict[str, object]:
    return {"mask": sector.mask, "box": list(sector.box), "isFan": sector.is_fan}


def test_median_and_round_elements_are_those_of_opencv() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (40, 50), np.uint8)
    sizes = (3, 5, 11)
    found = javascript("picture/morphology.js", "medianBlur", *((picture, 50, 40, size) for size in sizes))
    for one, size in zip(found, sizes, strict=True):
        assert (one.reshape(40, 50) == cv2.medianBlur(picture, size)).all()
    diameters = (0.4, 3.0, 6.7, 15.0, 46.1)
    elements = javascript("picture/morphology.js", "disk", *((diameter,) for diameter in diameters))
    for half_widths, diameter in zip(elements, diameters, strict=True):
        size = 2 * round(diameter / 2) + 1
        element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        assert [2 * half + 1 for half in half_widths] == element.sum(1).tolist()
