import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from echodfkd.errors import EchoError, UsageError
from echodfkd.live.frames import arriving, jpegs, raws

FRAMES = np.random.default_rng(0).integers(0, 255, (5, 24, 32), np.uint8)


def mjpg(frames: np.ndarray) -> bytes:
    return b"".join(cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames)


def test_raw_frames_come_as_they_were_sent() -> None:
    assert np.array_equal(np.stack(list(raws(io.BytesIO(FRAMES.tobytes()), 32, 24))), FRAMES)
    with pytest.raises(EchoError, match="ended within a frame"):
        list(raws(io.BytesIO(FRAMES.tobytes()[:-1]), 32, 24))


def test_pictures_are_cut_where_they_end() -> None:
    class Dribble(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return self.read(97)

    data = mjpg(FRAMES)
    expected = [cv2.imdecode(cv2.imencode(".jpg", frame)[1], cv2.IMREAD_GRAYSCALE) for frame in FRAMES]
    found = list(jpegs(Dribble(data)))
    assert len(found) == 5
    assert np.abs(np.stack(found).astype(int) - np.stack(expected)).max() <= 1
    with pytest.raises(EchoError, match="ended within a picture"):
        list(jpegs(io.BytesIO(data[:-5])))
    with pytest.raises(EchoError, match="raw grey frames need --raw W,H"):
        list(jpegs(io.BytesIO(FRAMES.tobytes())))


def test_a_named_pipe_is_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "probe"
    os.mkfifo(pipe)
    writer = os.fork()
    if not writer:
        pipe.write_bytes(FRAMES.tobytes())
        os._exit(0)
    come = arriving(pipe, (32, 24), 50.0, None)
    assert np.array_equal(np.stack(list(come.frames)), FRAMES)
    os.waitpid(writer, 0)
    assert (come.name, come.source, come.fps) == ("probe", None, 50.0)


def test_what_brings_no_frames_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--raw is for frames in a pipe"):
        arriving(tmp_path / "x.avi", (32, 24), None, None)
    with pytest.raises(EchoError, match="no capture device"):
        arriving(Path("97"), None, None, None)
    with pytest.raises(EchoError, match="no such file"):
        arriving(tmp_path / "x.avi", None, None, None)
