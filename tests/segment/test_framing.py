from functools import cache
from pathlib import Path

import numpy as np
import pytest
from dark_cavity import FPS, DarkCavity, beating, in_fan, save_clip

from echodfkd.clip import Frames
from echodfkd.readers import open_source
from echodfkd.sector import find_sector, from_box, whole_frame
from echodfkd.segment.framing import NO_SECTOR, UPSIDE_DOWN, at_the_edge, framing
from echodfkd.segment.pipeline import segment
from echodfkd.segment.remarks import CUT_OFF
from echodfkd.synth.sim.generator import SimGenerator

CLIPS = range(3)


GENERATOR = SimGenerator(frames=8, size=112, fps=12.0)


@cache
def sim(index: int) -> Frames:
    return GENERATOR.clip(77, index).frames


def said(frames: Frames) -> str | None:
    return framing(find_sector(frames))


@pytest.mark.parametrize("index", CLIPS)
def test_clips_of_the_simulator_are_framed_well(index: int) -> None:
    assert said(sim(index)) is None


@pytest.mark.parametrize("index", CLIPS)
def test_upside_down(index: int) -> None:
    assert said(sim(index)[:, ::-1]) == UPSIDE_DOWN


@pytest.mark.parametrize("index", CLIPS)
def test_the_sector_of_a_turned_clip_is_the_turned_sector(index: int) -> None:
    upright, turned = find_sector(sim(index)).mask, find_sector(sim(index)[:, ::-1]).mask[::-1]
    assert (upright & turned).sum() / (upright | turned).sum() > 0.95


@pytest.mark.parametrize("index", [0, 2, 3])
def test_the_apex_above_the_picture(index: int) -> None:
    probe = max(0, int(112 * GENERATOR.scene(77, index)[0].style.top))
    assert (said(sim(index)[:, probe + 18 :]) or "").startswith("The picture cuts the sector off (top")


def test_sides_cut_off() -> None:
    fan = np.where(np.abs(np.arange(112) - 56) < 56, in_fan(beating(8)[0]), 0).astype(np.uint8)
    assert said(fan[:, :, 40:]) == "The picture cuts the sector off (left): parts of the LV may be missing."
    assert said(fan[:, :, 32:-32]) == (
        "The picture cuts the sector off (left, right): parts of the LV may be missing."
    )


@pytest.mark.parametrize("index", CLIPS)
def test_ultrasound_from_edge_to_edge(index: int) -> None:
    assert said(sim(index)[:, 35:80, 35:80]) == NO_SECTOR


def test_noise_and_nothing() -> None:
    assert said(np.random.default_rng(0).integers(0, 256, (8, 60, 80), dtype=np.uint8)) == NO_SECTOR
    assert said(np.zeros((8, 60, 80), np.uint8)) == NO_SECTOR
    assert said(np.full((1, 1, 1), 9, np.uint8)) == NO_SECTOR


def test_masks_along_the_edge() -> None:
    cut, inner = np.zeros((2, 60, 80), bool)
    cut[20:40, 60:] = True
    inner[20:40, 55:75] = True
    fan = whole_frame((60, 80))
    assert at_the_edge([cut, cut, inner], fan)
    assert not at_the_edge([cut, inner, inner], fan)
    assert not at_the_edge([np.zeros((60, 80), bool)], fan)
    assert at_the_edge([inner], from_box((60, 80), (0, 0, 75, 60)))
    assert not at_the_edge([inner], from_box((60, 80), (0, 0, 77, 60)))


def warnings(folder: Path, video: Frames, **options: object) -> tuple[str, ...]:
    source = open_source(save_clip(folder / "x.npz", video, fps=FPS, spacing_mm=(1, 1)))
    return segment(source, DarkCavity(), **options).result.warnings  # type: ignore[arg-type]


def test_a_result_says_what_is_wrong_and_once(tmp_path: Path) -> None:
    video = in_fan(beating(45)[0])
    assert warnings(tmp_path, video) == ()
    assert warnings(tmp_path, video[:, ::-1]) == (UPSIDE_DOWN,)
    assert warnings(tmp_path, beating(45)[0]) == (NO_SECTOR,)


def test_a_named_box_is_taken_at_its_word(tmp_path: Path) -> None:
    assert warnings(tmp_path, beating(45)[0], box=(0, 0, 112, 112)) == ()


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_few_frames(tmp_path: Path, count: int) -> None:
    first, *_ = warnings(tmp_path, in_fan(beating(20)[0][::5][:count]))
    assert first == f"Only {count} frames: too few to see a beat, EF is unreliable."


def test_a_mask_at_the_edge_of_the_box_is_said(tmp_path: Path) -> None:
    class Edge(DarkCavity):
        def predict(self, frames: Frames) -> Frames:
            prob = np.zeros_like(frames)
            prob[:, 40:70, 80:] = 255
            return prob

    source = open_source(save_clip(tmp_path / "x.npz", beating(20)[0]))
    assert CUT_OFF in segment(source, Edge(), box=(0, 0, 112, 112)).result.warnings
