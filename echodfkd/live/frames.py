"""Where frames come from as they arrive: a file, a pipe with raw or MJPG frames, a capture device."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from echodfkd.clip import Frames
from echodfkd.errors import EchoError, UsageError
from echodfkd.readers import Source, open_source

STDIN = "-"
_BLOCK = 1 << 16  # bytes asked of a pipe at once; what is there is taken
_LARGEST = 64 << 20  # bytes of one JPEG picture; without an end by then it is no MJPG
_START, _END = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True)
class Arriving:
    """Frames that arrive.

    Attributes:
        name: what the results are called. frames: uint8 (H, W) each, all of one size.
        source: the file, where it is one: it can be looked through beforehand.
        fps: Hz or None.
    """

    name: str
    frames: Iterator[Frames]
    source: Source | None = None
    fps: float | None = None


def arriving(
    place: Path, raw: tuple[int, int] | None, fps: float | None, spacing_mm: tuple[float, float] | None
) -> Arriving:
    """Open an input for its frames one by one.

    Args:
        place: "-" for standard input, a named pipe, a capture device (0, 1 .. or /dev/video0), or a file.
        raw: width, height of raw grey 8-bit frames in a pipe; None: MJPG, pictures one after the other.

    Raises:
        UsageError: for raw frames of a file. EchoError: if it cannot be opened.
    """
    if str(place) == STDIN:
        return Arriving("stdin", _piped(sys.stdin.buffer, raw), fps=fps)
    if place.is_fifo():
        return Arriving(place.stem, _piped(place.open("rb", buffering=0), raw), fps=fps)
    if raw is not None:
        raise UsageError("--raw is for frames in a pipe: a file says itself how large its frames are")
    if place.is_char_device() or (str(place).isdigit() and not place.exists()):
        return Arriving("device", _captured(place), fps=fps)
    source = open_source(place, fps=fps, spacing_mm=spacing_mm)
    return Arriving(source.name, source.frames(), source, source.fps)


def _piped(stream: BinaryIO, raw: tuple[int, int] | None) -> Iterator[Frames]:
    return jpegs(stream) if raw is None else raws(stream, *raw)


def raws(stream: BinaryIO, width: int, height: int) -> Iterator[Frames]:
    """Grey frames of 8 bits, row by row, without anything between.

    Raises:
        EchoError: when the last one is not whole.
    """
    size = width * height
    while data := stream.read(size):
        while len(data) < size and (more := stream.read(size - len(data))):  # a pipe gives what it has
            data += more
        if len(data) < size:
            raise EchoError(f"the pipe ended within a frame: {len(data)} of {width}x{height} bytes came")
        yield np.frombuffer(data, np.uint8).reshape(height, width)


def jpegs(stream: BinaryIO) -> Iterator[Frames]:
    """JPEG pictures one after the other, grey or colour, as grey frames.

    Raises:
        EchoError: when there is anything else between, or a picture is damaged.
    """
    data = b""
    while more := _some(stream):
        data += more
        if not data.startswith(_START[: len(data)]):
            raise EchoError("the pipe brings no JPEG pictures; raw grey frames need --raw W,H")
        while (end := data.find(_END)) >= 0:
            yield _decoded(data[: end + 2])
            data = data[end + 2 :].lstrip(b"\0\r\n")
        if len(data) > _LARGEST:
            raise EchoError("the pipe brings a picture without an end; raw grey frames need --raw W,H")
    if data:
        raise EchoError("the pipe ended within a picture")


def _some(stream: BinaryIO) -> bytes:
    return stream.read1(_BLOCK) if hasattr(stream, "read1") else stream.read(_BLOCK)


def _decoded(data: bytes) -> Frames:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise EchoError("a JPEG picture in the pipe is damaged")
    return _grey(picture)


def _captured(place: Path) -> Iterator[Frames]:
    camera = cv2.VideoCapture(int(str(place)) if str(place).isdigit() else str(place))
    if not camera.isOpened():
        raise EchoError(f"{place}: no capture device that can be opened")
    return _shots(camera)


def _shots(camera: cv2.VideoCapture) -> Iterator[Frames]:
    try:
        while True:
            there, picture = camera.read()
            if not there:
                return
            yield _grey(picture)
    finally:
        camera.release()


def _grey(picture: cv2.typing.MatLike) -> Frames:
    """BGR as OpenCV has it -> luma, as `echodfkd.readers.intensity.to_grey`."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
