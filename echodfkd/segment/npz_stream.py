"""A compressed .npz written block by block: arrays larger than memory, readable with `numpy.load`."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError


class NpzWriter:
    """Writes arrays into a new .npz, each from blocks stacked along axis 0.

    The number of rows must be known beforehand: a .npy header holds the whole shape and stands in front
    (NumPy enhancement proposal 1).
    """

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w")

    def __enter__(self) -> "NpzWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def add(
        self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike, blocks: Iterable[npt.NDArray]
    ) -> None:
        """Write array `name` of `shape` (N, ...) from blocks (n, ...) whose n add up to N.

        Raises:
            EchoError: if a block has another shape behind axis 0, or the rows do not add up.
        """
        written = 0
        # a fixed date keeps the bytes the same from run to run; force_zip64: the size is not known yet
        entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(entry, "w", force_zip64=True) as stream:
            header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            for block in blocks:
                if block.shape[1:] != shape[1:]:
                    raise EchoError(f"array {name!r}: block {block.shape} does not fit {shape}")
                stream.write(np.ascontiguousarray(block, dtype=dtype).tobytes())
                written += len(block)
        if written != shape[0]:
            raise EchoError(f"array {name!r}: {written} rows written where {shape[0]} were announced")
