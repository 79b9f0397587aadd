from pathlib import Path

import av
import numpy as np
import pytest
from dark_cavity import FPS, DarkCavity, beating, in_fan, save_clip

from echodfkd.clip import Frames
from echodfkd.readers import open_source
from echodfkd.segment.pipeline import segment
from echodfkd.segment.result import SegmentResult
from echodfkd.segment.still import NOTHING_MOVES, MotionMeter, at_rest

STILL = in_fan(beating(1)[0]).repeat(30, axis=0)


class Restless(DarkCavity):
    """A model with a memory: its mask beats although the picture does not."""

    def predict(self, frames: Frames) -> Frames:
        radii = 20 + 6 * np.cos(np.arange(len(frames)) / 2)
        rows, columns = np.ogrid[:112, :112]
        inside = (rows - 60) ** 2 + (columns - 56) ** 2 < radii[:, None, None] ** 2
        return np.uint8(255) * inside.astype(np.uint8)


def result_of(path: Path) -> SegmentResult:
    return segment(open_source(path), Restless()).result


def moves(*frames: Frames) -> bool:
    meter = MotionMeter()
    assert len(list(meter.watch(frames))) == len(frames)
    return not meter.nothing_moves()


def test_a_repeated_picture_has_no_beat_whatever_the_curve_says(tmp_path: Path) -> None:
    found = result_of(save_clip(tmp_path / "x.npz", STILL, fps=FPS))
    assert np.ptp(found.area_px) > 0.3 * found.area_px.max()
    assert (found.ef, found.heart_rate_bpm) == (None, None)
    assert (found.beats, found.ed_frames, found.es_frames) == ((), (), ())
    assert found.warnings == (NOTHING_MOVES,)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_so_has_one_that_went_through_a_lossy_codec(tmp_path: Path, codec: str) -> None:
    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width = stream.height = 112
        stream.pix_fmt = "yuv420p"
        for frame in STILL:
            picture = av.VideoFrame.from_ndarray(frame, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    found = result_of(tmp_path / "x.mp4")
    assert found.ef is None
    assert found.warnings == (NOTHING_MOVES,)


def test_a_moving_clip_is_left_alone(tmp_path: Path) -> None:
    found = result_of(save_clip(tmp_path / "x.npz", in_fan(beating(30)[0]), fps=FPS))
    assert found.ef is not None
    assert NOTHING_MOVES not in found.warnings


@pytest.mark.parametrize(("noise", "expected"), [(0, False), (1, False), (8, True)])
def test_noise_of_one_level_is_no_motion(noise: int, expected: bool) -> None:
    rng = np.random.default_rng(0)
    frames = STILL.astype(int) + rng.integers(-noise, noise + 1, STILL.shape)
    assert moves(*np.clip(frames, 0, 255).astype(np.uint8)) == expected


def test_a_dark_clip_moves_by_little_but_moves() -> None:
    assert moves(*(in_fan(beating(20)[0]) // 16))


def test_frames_stored_twice_are_no_still() -> None:
    assert moves(*in_fan(beating(20)[0]).repeat(3, axis=0))


def test_one_frame_and_black_ones_are_no_stills() -> None:
    assert moves(STILL[0])
    assert moves()
    assert moves(*np.zeros((3, 8, 8), np.uint8))


def test_a_still_without_lv_says_both() -> None:
    found = at_rest(np.zeros(4), 1000)
    assert found.warnings[0] == NOTHING_MOVES
    assert found.warnings[1].startswith("No LV found")
