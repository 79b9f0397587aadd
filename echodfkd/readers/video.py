"""Video files through FFmpeg: PyAV tells what is in them, decord (where it exists) or PyAV decodes them."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError
from echodfkd.readers.base import NOTHING, Given, Grey, Source, plausible_fps, stem
from echodfkd.readers.colour import ColourWatch
from echodfkd.readers.intensity import PEEK

SUFFIXES = (".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".gif")
_NOT_DECORD = {".gif"}  # decord asks for a duration that GIFs do not state
_DECORD_PIXELS = 512 * 512  # of a frame; it decodes ahead without limit, which large frames make costly
_RGB = npt.NDArray[np.uint8]  # (H, W, 3)


def read_video(path: Path, given: Given = NOTHING) -> Source:
    """Open a video: AVI (MJPG, FFV1 ...), MP4, MOV, MKV, WebM, GIF. Audio is ignored.

    The frame rate is the container's average; one outside 2..1000 Hz is dropped with a note.

    Raises:
        EchoError: when the file is no video, is damaged, or needs a codec that FFmpeg lacks here.
    """
    with _one_line(path), av.open(str(path)) as container:
        if not container.streams.video:
            raise EchoError(f"{path}: holds no video stream")
        stream = container.streams.video[0]
        promised, rate = stream.frames or None, stream.average_rate
        watch = ColourWatch()
        first = list(islice(watch.grey(map(_rgb, container.decode(stream))), PEEK))
    if not first:
        raise EchoError(f"{path}: no frame can be decoded: the file is truncated or damaged")
    small = first[0].shape[0] * first[0].shape[1] <= _DECORD_PIXELS
    fps = given.fps or plausible_fps(rate)
    doubt: tuple[str, ...] = ()
    if fps is None and rate is not None:
        doubt = (f"The file's frame rate ({float(rate):g} Hz) is not plausible.",)
    return Source(
        path=path,
        name=stem(path),
        shape=(first[0].shape[0], first[0].shape[1]),
        n_frames=promised,
        fps=fps,
        spacing_mm=given.spacing_mm,
        notes=doubt,
        watch=watch,
        opener=lambda: _grey_frames(path, watch, small),
    )


def _grey_frames(path: Path, watch: ColourWatch, small: bool) -> Iterator[Grey]:
    with _one_line(path):
        yield from watch.grey(rgb_frames(path) if small else pyav_frames(path))


def rgb_frames(path: Path) -> Iterator[_RGB]:
    """Frames of a video one by one, uint8 (H, W, 3) RGB 0..255, by decord where it can, else by PyAV."""
    if path.suffix.lower() not in _NOT_DECORD and importlib.util.find_spec("decord"):
        frames = decord_frames(path)
        with suppress(RuntimeError, ImportError, OSError):  # its FFmpeg is older: it may lack the codec
            first = next(frames)
            if first.shape[2] == 3:  # decord takes the padding of frames 48 wide, say, for a fourth channel
                return chain([first], frames)
    return pyav_frames(path)


def decord_frames(path: Path) -> Iterator[_RGB]:
    """`rgb_frames` by decord; raises RuntimeError where it fails."""
    import decord

    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(str(path), num_threads=1)
        for _ in range(len(reader)):
            yield reader.next().asnumpy()
    except (decord.DECORDError, StopIteration) as error:
        raise RuntimeError("decord cannot decode this") from error


def pyav_frames(path: Path) -> Iterator[_RGB]:
    """`rgb_frames` by PyAV; raises av.FFmpegError where it fails."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield _rgb(frame)


def _rgb(frame: av.VideoFrame) -> _RGB:
    return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """FFmpeg's and decord's failures as one clear line; FFmpeg's own chatter stays off stderr."""
    av.logging.set_level(av.logging.PANIC)
    try:
        yield
    except (av.FFmpegError, RuntimeError) as error:
        raise EchoError(f"{path}: not a readable video (wrong format, truncated or damaged)") from error
