import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from echodfkd.video_writer import encode_avi, write_avi


def loop(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Blurred noise over the whole grey range: as much texture as speckle."""
    noise = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    blurred = np.stack([cv2.GaussianBlur(frame, (0, 0), 1.2) for frame in noise])
    scaled = (blurred - blurred.min()) / (blurred.max() - blurred.min()) * 255
    return scaled.round().astype(np.uint8)


def decode(path: Path) -> NDArray[np.uint8]:
    """The way EchoNet-Dynamic's loader reads: OpenCV, colour."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    return np.stack(frames)


@pytest.mark.parametrize("shape", [(5, 112, 112), (1, 32, 32), (3, 33, 47)])
@pytest.mark.parametrize(("lossless", "tolerance"), [(True, 0), (False, 7)])
def test_frames_come_back(
    tmp_path: Path, shape: tuple[int, int, int], lossless: bool, tolerance: int
) -> None:
    frames = loop(shape)
    write_avi(tmp_path / "a.avi", frames, 50.0, lossless=lossless)
    decoded = decode(tmp_path / "a.avi")
    assert decoded.shape == (*shape, 3)
    assert np.ptp(decoded, axis=-1).max() == 0, "grey stays grey"
    assert np.abs(decoded[..., 0].astype(int) - frames).max() <= tolerance


def test_black_and_white_are_not_squeezed_into_television_range(tmp_path: Path) -> None:
    frames = np.stack([np.zeros((32, 32), np.uint8), np.full((32, 32), 255, np.uint8)])
    write_avi(tmp_path / "a.avi", frames, 50.0)
    decoded = decode(tmp_path / "a.avi")
    assert decoded[0].max() == 0
    assert decoded[1].min() == 255


@pytest.mark.parametrize(("lossless", "codec"), [(True, "ffv1"), (False, "mjpeg")])
def test_codec_and_rate(tmp_path: Path, lossless: bool, codec: str) -> None:
    write_avi(tmp_path / "a.avi", loop((4, 32, 32)), 29.97, lossless=lossless)
    with av.open(str(tmp_path / "a.avi")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == codec
        assert stream.average_rate is not None
        assert float(stream.average_rate) == pytest.approx(29.97, abs=1e-3)
        assert stream.frames == 4


@pytest.mark.parametrize("lossless", [True, False])
def test_bytes_are_the_same_in_another_process_and_name_no_version(lossless: bool) -> None:
    code = f"""
import sys, numpy as np
from echodfkd.video_writer import encode_avi
frames = np.random.default_rng(1).integers(0, 256, (9, 64, 64), dtype=np.uint8)
sys.stdout.buffer.write(encode_avi(frames, 50.0, lossless={lossless}))
"""
    elsewhere = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    frames = np.random.default_rng(1).integers(0, 256, (9, 64, 64), dtype=np.uint8)
    here = encode_avi(frames, 50.0, lossless=lossless)
    assert here == elsewhere
    assert b"Lav" not in here
