"""Grey loops as AVI files whose bytes depend on the pixels alone: MJPG at best quality, or lossless FFV1.

Bytes are those of one encoder thread (MJPG's depend on the thread count), without dates or versions.
"""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Frames
from echodfkd.files import write_bytes

_NEUTRAL = 128  # chroma of grey
_BITEXACT = "+bitexact"
# The finest quantiser (1 of 1..31): at most a few grey levels off. `qscale` alone is clamped to qmin = 2.
_MJPG = {
    "flags": f"{_BITEXACT}+qscale",
    "global_quality": "118",
    "qmin": "1",
    "qmax": "1",
    "color_range": "pc",
}
_FFV1 = {"flags": _BITEXACT}


def write_avi(path: Path, frames: Frames, fps: float, *, lossless: bool = False) -> None:
    """Write frames as AVI, whole or not at all.

    Args:
        path: ends in .avi.
        frames: uint8 (T, H, W), grey 0..255.
        fps: frames per second in Hz, kept to a thousandth.
        lossless: FFV1 grey (no error) instead of MJPG (what EchoNet-Dynamic's tools read).

    Raises:
        EchoError: when the disk is full.
    """
    write_bytes(path, encode_avi(frames, fps, lossless=lossless))


def encode_avi(frames: Frames, fps: float, *, lossless: bool = False) -> bytes:
    """The AVI file of `write_avi` in memory: equal frames give equal bytes."""
    buffer = io.BytesIO()
    # In memory first: FFmpeg may swallow a write error at close, Python's own file objects do not.
    with av.open(buffer, "w", format="avi", options={"fflags": _BITEXACT}) as container:
        rate = Fraction(fps).limit_denominator(1000)
        stream = container.add_stream("ffv1" if lossless else "mjpeg", rate=rate)
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = "gray" if lossless else "yuvj420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.options = dict(_FFV1 if lossless else _MJPG)
        for frame in frames:
            container.mux(stream.encode(_video_frame(frame, stream.pix_fmt)))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _video_frame(frame: npt.NDArray[np.uint8], pix_fmt: str) -> av.VideoFrame:
    """One (H, W) grey frame as FFmpeg wants it; the grey levels go into the luma plane unscaled."""
    video_frame = av.VideoFrame(frame.shape[1], frame.shape[0], pix_fmt)
    for number, plane in enumerate(video_frame.planes):
        padded = np.full((plane.height, plane.line_size), _NEUTRAL, np.uint8)
        if number == 0:
            padded[:, : plane.width] = frame
        plane.update(padded.tobytes())
    return video_frame
