from pathlib import Path

import numpy as np
import pytest
from dark_cavity import FPS, DarkCavity, beating, in_fan, save_clip

from echodfkd.clip import Frames
from echodfkd.readers import open_source, read_clip
from echodfkd.sector import crop, find_sector
from echodfkd.segment.orientation import doubt, looks_mirrored
from echodfkd.segment.pipeline import segment
from echodfkd.segment.remarks import MIRRORED
from echodfkd.teachers import load_teacher

VIDEO = in_fan(beating(45)[0])
VIDEO[:, 90:100, 60:70] = 255  # a bright spot on one side of the heart


class OneSided(DarkCavity):
    """Finds the cavity, and is sure of it where the bright spot lies to the right, as it has learned."""

    sure, unsure = 250, 180

    def predict(self, frames: Frames) -> Frames:
        found = super().predict(frames) > 0
        level = self.sure if frames[:, 92:98, 62:68].mean() > 240 else self.unsure
        return (np.uint8(level) * found).astype(np.uint8)


class HardlySure(OneSided):
    sure, unsure = 220, 210


def test_doubt() -> None:
    assert doubt(np.array([[0, 255]], np.uint8)) == 0
    assert doubt(np.zeros((1, 4, 4), np.uint8)) == 0
    assert doubt(np.array([[51, 204]], np.uint8)) == pytest.approx(2 * 0.16 / 1.0)


def test_a_mirrored_clip_makes_the_model_doubt() -> None:
    assert not looks_mirrored(VIDEO, OneSided())
    assert looks_mirrored(VIDEO[:, :, ::-1], OneSided())


def test_a_small_difference_says_nothing() -> None:
    assert not looks_mirrored(VIDEO[:, :, ::-1], HardlySure())


def test_few_frames_or_no_mask_say_nothing() -> None:
    assert not looks_mirrored(VIDEO[:7, :, ::-1], OneSided())
    assert not looks_mirrored(np.zeros((8, 112, 112), np.uint8), OneSided())


def test_the_warning_names_the_option_to_try(tmp_path: Path) -> None:
    def warnings(video: Frames, **options: bool) -> tuple[str, ...]:
        source = open_source(save_clip(tmp_path / "x.npz", video, fps=FPS, spacing_mm=(1, 1)))
        return segment(source, OneSided(), **options).result.warnings

    mirrored = np.ascontiguousarray(VIDEO[:, :, ::-1])
    assert warnings(VIDEO) == ()
    assert warnings(mirrored) == (MIRRORED.format("with"),)
    assert warnings(mirrored, flip=True) == ()
    assert warnings(VIDEO, flip=True) == (MIRRORED.format("without"),)


def test_no_false_alarm_on_real_clips(real_clips: Path) -> None:
    teacher = load_teacher("sim", device="cpu", kind="model")
    for path in sorted(real_clips.glob("*/*.npz"))[::3]:
        frames = read_clip(path).frames[:16:2]
        assert not looks_mirrored(crop(frames, find_sector(frames), teacher.size), teacher), path.stem
