"""Square frames parked on disk, so that a clip's length costs no memory."""

import tempfile
from collections.abc import Iterator
from types import TracebackType

import numpy as np

from echodfkd.clip import Frames


class Spool:
    """A growing stack of uint8 (size, size) frames in a nameless temporary file, gone when closed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._count = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__ or with the object

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, frames: Frames) -> None:
        """Add uint8 (n, size, size) at the end."""
        if frames.dtype != np.uint8 or frames.shape[1:] != (self._size, self._size):
            raise ValueError(
                f"expected uint8 (n, {self._size}, {self._size}), got {frames.dtype} {frames.shape}"
            )
        self._file.seek(0, 2)
        self._file.write(frames.tobytes())
        self._count += len(frames)

    def read(self, start: int, stop: int) -> Frames:
        """Frames start..stop-1, uint8 (n, size, size); clipped to what is there, as slices are."""
        start, stop = max(start, 0), min(stop, self._count)
        area = self._size * self._size
        self._file.seek(start * area)
        data = self._file.read(max(stop - start, 0) * area)
        return np.frombuffer(data, np.uint8).reshape(-1, self._size, self._size)

    def blocks(self, count: int) -> Iterator[Frames]:
        """All frames in order, `count` at a time."""
        for start in range(0, self._count, count):
            yield self.read(start, start + count)
