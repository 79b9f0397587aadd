"""NumPy archives: `video` and, if present, `fps`, `spacing_mm`, `mask`, `ef`."""

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from echodfkd.clip import Label
from echodfkd.errors import EchoError
from echodfkd.readers.base import NOTHING, Given, Source, plausible_fps, plausible_spacing, stem
from echodfkd.readers.colour import ColourWatch
from echodfkd.readers.intensity import Window, fit_window

SUFFIXES = (".npz",)
_KEYS = ("video", "fps", "spacing_mm", "mask", "ef")


def read_npz(path: Path, given: Given = NOTHING) -> Source:
    """Open an archive with `video` (T, H, W) or RGB (T, H, W, 3); uint8, or numbers that get rescaled.

    Optional: `fps` in Hz, `spacing_mm` (row, column) or one number, `mask` (T, H, W) of `Label` values
    (or bool: the LV), `ef` in percent. Pickled objects are refused.

    Raises:
        EchoError: when `video` is missing or misshapen, holds NaN, or the archive is damaged.
    """
    arrays = _load(path)
    video = arrays["video"]
    _check_video(video, path)
    window, notes = (None, ()) if video.dtype == np.uint8 else fit_window([video], str(path))
    watch = ColourWatch()
    return Source(
        path=path,
        name=stem(path),
        shape=(video.shape[1], video.shape[2]),
        n_frames=len(video),
        fps=given.fps or _fps(arrays, path),
        spacing_mm=given.spacing_mm or _spacing(arrays, path),
        notes=notes,
        ef=_ef(arrays),
        mask=_mask(arrays, video, path),
        watch=watch,
        opener=lambda: watch.grey(_uint8(frame, window) for frame in video),
    )


def holds_video(path: Path) -> bool:
    """True when the archive has an entry `video`; reads its table of contents only."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "video.npy" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def _load(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if "video" not in archive:
                raise EchoError(f"{path}: holds no `video` array, only: {', '.join(archive) or 'nothing'}")
            return {key: archive[key] for key in _KEYS if key in archive}
    except (ValueError, TypeError, EOFError, OSError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        if "allow_pickle" in str(error) and zipfile.is_zipfile(path):
            raise EchoError(
                f"{path}: holds pickled objects, which can run code: save plain arrays"
            ) from error
        raise EchoError(
            f"{path}: not a readable .npz archive (wrong format, truncated or damaged)"
        ) from error


def _check_video(video: npt.NDArray[Any], path: Path) -> None:
    if video.ndim not in (3, 4) or (video.ndim == 4 and video.shape[3] != 3) or 0 in video.shape:
        raise EchoError(f"{path}: `video` must be (T, H, W) or (T, H, W, 3), got {video.shape}")


def _uint8(frame: npt.NDArray[Any], window: Window | None) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(frame) if window is None else window.apply(frame)


def _fps(arrays: dict[str, npt.NDArray[Any]], path: Path) -> float | None:
    values = np.ravel(arrays.get("fps", ()))
    if values.size == 0 or (fps := plausible_fps(values[0])):
        return fps if values.size else None
    raise EchoError(f"{path}: `fps` must be one number of 2 to 1000 Hz, got {values[0]}")


def _spacing(arrays: dict[str, npt.NDArray[Any]], path: Path) -> tuple[float, float] | None:
    values = np.ravel(arrays.get("spacing_mm", ()))
    if values.size == 0:
        return None
    if values.size <= 2 and (spacing := plausible_spacing(values[0], values[-1])):
        return spacing
    raise EchoError(f"{path}: `spacing_mm` must be (row, column) of 0.01 to 5 mm, got {values.tolist()[:4]}")


def _ef(arrays: dict[str, npt.NDArray[Any]]) -> float | None:
    values = np.ravel(arrays.get("ef", ()))
    known = values.size == 1 and values.dtype.kind in "iuf" and math.isfinite(values[0])
    return float(values[0]) if known else None


def _mask(
    arrays: dict[str, npt.NDArray[Any]], video: npt.NDArray[Any], path: Path
) -> npt.NDArray[np.uint8] | None:
    if (mask := arrays.get("mask")) is None:
        return None
    if (
        mask.shape != video.shape[:3]
        or mask.dtype.kind not in "biu"
        or not 0 <= mask.min() <= mask.max() <= max(Label)
    ):
        raise EchoError(f"{path}: `mask` must be labels 0..{max(Label)} of shape {video.shape[:3]}")
    return mask.astype(np.uint8)
