"""Storage: what H.264 leaves of a clip when an archive or a messenger squeezes it."""

from fractions import Fraction

import av
import numpy as np

from echodfkd.clip import Frames


def through_h264(frames: Frames, fps: float, rate_factor: int) -> Frames:
    """Encode and decode a clip: blocks, smeared speckle, and frames that hang on the ones before.

    Args:
        frames: uint8 (T, H, W) grey; H and W even. fps: Hz. rate_factor: 0..51, higher is worse.

    Returns:
        uint8 (T, H, W). Equal frames give equal frames (one thread).
    """
    encoder = av.CodecContext.create("libx264", "w")
    encoder.height, encoder.width = frames.shape[1:]
    encoder.pix_fmt, encoder.thread_count = "gray", 1
    encoder.time_base = 1 / Fraction(fps).limit_denominator(1000)
    encoder.options = {"crf": str(rate_factor), "preset": "veryfast", "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = [p for number, frame in enumerate(frames) for p in encoder.encode(_video_frame(frame, number))]
    packets += encoder.encode(None)
    decoded = [one for packet in packets for one in decoder.decode(packet)] + decoder.decode(None)
    return np.stack([frame.to_ndarray()[: frames.shape[1], : frames.shape[2]] for frame in decoded])


def _video_frame(frame: np.ndarray, number: int) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="gray")
    picture.pts = number
    return picture
