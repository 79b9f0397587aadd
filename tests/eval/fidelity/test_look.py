from pathlib import Path

import numpy as np
import pytest
from sim_clips import sim_clips

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.look import Look, Shape, alike, readable, survey


def clip(frames: int, fps: float | None, side: int = 32) -> Clip:
    numbered = np.arange(frames, dtype=np.uint8)[:, None, None]
    return Clip(np.broadcast_to(numbered, (frames, side, side)).copy(), fps=fps, name="x")


def test_the_lower_rate_the_smaller_size_and_what_both_are_long() -> None:
    look = alike({"a": [Shape(50, 100, 112, 112)] * 3, "b": [Shape(25, 40, 64, 64)] * 3})
    assert (look.rate, look.size, look.frames) == (25, 64, 40)
    assert look.notes == (
        "3 clips of a resampled to 25 Hz, the lower rate of both sets.",
        "3 clips of a resized to 64x64.",
    )


def test_equal_sets_need_no_notes() -> None:
    look = alike({"a": [Shape(50, 200, 112, 112)], "b": [Shape(50.5, 300, 112, 112)]})
    assert (look.rate, look.size, look.frames, look.notes) == (50, 112, 64, ())


def test_unknown_and_slower_rates_are_said() -> None:
    look = alike({"a": [Shape(None, 9, 8, 8)], "b": [Shape(50, 9, 8, 8)] * 3 + [Shape(10, 9, 8, 8)]})
    assert look.rate == 50
    assert look.notes == (
        "1 clip of a without a frame rate: 50 Hz is assumed.",
        "1 clip of b slower than 50 Hz, compared as they are.",
    )


@pytest.mark.parametrize(
    ("fps", "kept"),
    [(50, [0, 2, 4, 6, 8]), (62.5, [0, 2, 5, 7]), (25, list(range(10))), (None, list(range(10)))],
)
def test_frames_are_the_nearest_in_time_and_never_blends(fps: float | None, kept: list[int]) -> None:
    look = Look(25.0, 32)
    video = look.video(clip(10, fps))
    assert video[:, 0, 0].tolist() == kept
    assert look.rate_of(clip(10, fps)) == 25


def test_a_slower_clip_stays_as_it_is() -> None:
    look = Look(50.0, 32)
    assert len(look.video(clip(10, 10))) == 10
    assert look.rate_of(clip(10, 10)) == 10


def test_frames_are_resized() -> None:
    assert Look(25.0, 16).video(clip(3, 25, 32)).shape == (3, 16, 16)


def test_a_folder_without_a_list_is_surveyed_by_opening_it(tmp_path: Path) -> None:
    for one in sim_clips(2):
        np.savez(tmp_path / f"{one.name}.npz", video=one.frames, fps=25.0)
    clips = ClipSet.open(tmp_path)
    assert survey(clips) == [Shape(25.0, 40, 64, 64)] * 2
    assert [len(one) for one in readable(clips)] == [40, 40]


def test_no_clips() -> None:
    with pytest.raises(EchoError, match="b holds no clips to compare"):
        alike({"a": [Shape(50, 9, 8, 8)], "b": []})
