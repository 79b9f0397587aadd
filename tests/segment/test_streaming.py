from dataclasses import dataclass, field

import numpy as np
import pytest
from dark_cavity import beating

from echodfkd.clip import Frames
from echodfkd.segment import streaming
from echodfkd.segment.streaming import predict_stream


@dataclass
class MeanOfNeighbours:
    """A recurrent stand-in: each frame's output is the mean of the frames up to 2 before and after it."""

    name: str = "mean"
    digest: str = "cd" * 32
    claim: str = "real-free"
    convention: str = "unknown"
    size: int = 16
    calls: list[int] = field(default_factory=list)

    def predict(self, frames: Frames) -> Frames:
        self.calls.append(len(frames))
        near = [frames[max(0, i - 2) : i + 3].mean(axis=0) for i in range(len(frames))]
        return np.stack(near).astype(np.uint8)


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "WINDOW", 8)
    monkeypatch.setattr(streaming, "WARM_UP", 3)


@pytest.mark.parametrize("frames", [1, 7, 8, 9, 16, 21])
def test_windows_do_not_show(short_windows: None, frames: int) -> None:
    video = beating(frames, size=16)[0]
    whole = MeanOfNeighbours().predict(video)
    blocks = list(predict_stream(iter(video), MeanOfNeighbours()))
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_no_call_sees_more_than_a_window_and_its_surroundings(short_windows: None) -> None:
    model = MeanOfNeighbours()
    list(predict_stream(iter(beating(21, size=16)[0]), model))
    assert model.calls == [8 + 3, 3 + 8 + 3, 3 + 5]


def test_a_short_clip_goes_in_whole() -> None:
    model = MeanOfNeighbours()
    list(predict_stream(iter(beating(60, size=16)[0]), model))
    assert model.calls == [60]


def test_a_frame_without_contrast_holds_no_lv() -> None:
    video = beating(5, size=16)[0]
    video[2], video[3] = 0, 77
    prob = np.concatenate(list(predict_stream(iter(video), MeanOfNeighbours())))
    assert [bool(frame.any()) for frame in prob] == [True, True, False, False, True]
