"""Files that are whole or absent: each is written under a temporary name and renamed when it is done."""

import errno
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from echodfkd.errors import EchoError

TEMPORARY = ".tmp-"
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """Yield a temporary path beside `final`; rename it to `final` when the block ends well.

    The temporary name keeps the suffix, which some writers choose their format by. Missing parent
    folders are made. When the block raises, Ctrl-C included, the temporary file is deleted and `final`
    stays as it was.

    Raises:
        EchoError: when the disk is full.
    """
    final = Path(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}{final.suffix}")
    try:
        yield temporary
        temporary.replace(final)
    except OSError as error:
        if error.errno in _FULL:
            raise EchoError(f"disk full while writing {final}: free some space and run again") from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all. Raises EchoError when the disk is full."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    r"""Write UTF-8 `text` to `path`, whole or not at all; line ends stay "\n" on every system."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, data: Any) -> None:
    """Write `data` as indented JSON, whole or not at all.

    Raises:
        ValueError: when it holds NaN or infinity, which JSON does not know.
    """
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        EchoError: when it is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:  # broken JSON or broken UTF-8
        raise EchoError(f"{path} is not valid JSON ({error})") from error


def write_npz(path: Path, **arrays: npt.NDArray[Any]) -> None:
    """Write named arrays as a compressed .npz, whole or not at all; equal arrays give equal bytes."""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path, only: str | None = None) -> dict[str, npt.NDArray[Any]]:
    """All arrays of a .npz file, or `only` the one of that name if it is there.

    Raises:
        EchoError: when it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files if only in (None, key)}
    except (BadZipFile, ValueError, TypeError, EOFError, OSError, zlib.error) as error:
        if "allow_pickle" in str(error):  # numpy's message advises to load it all the same
            raise EchoError(f"{path} is no archive of plain arrays: delete it and make it again") from error
        raise EchoError(f"{path} is damaged ({error}): delete it and make it again") from error


def remove_leftovers(folder: Path) -> int:
    """Delete temporary files that a killed run left in `folder` (not below it); returns how many."""
    leftovers = list(Path(folder).glob(f"{TEMPORARY}*"))
    for path in leftovers:
        path.unlink(missing_ok=True)
    return len(leftovers)
