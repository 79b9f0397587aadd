"""What a file with a label map holds, before anything is made of it: PNG and npz."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from echodfkd.clip import BoolMask
from echodfkd.errors import EchoError
from echodfkd.files import read_npz
from echodfkd.labels import fitting_schemes

LEAST_SIDE = 32  # pixels
COLOURED = ("P", "PA", "RGB", "RGBA", "LA")  # modes of Pillow


@dataclass(frozen=True)
class Stored:
    """What a file holds: labels (T, H, W), cone, side of a pixel in mm, the ED frame it names."""

    labels: npt.NDArray[Any]
    cone: BoolMask | None = None
    spacing_mm: float | None = None
    ed: int | None = None


def open_stored(path: Path) -> Stored:
    """What a .png or .npz holds.

    Raises:
        EchoError: for a file of another kind, one that cannot be read, or arrays that do not fit.
    """
    if path.suffix.lower() not in FORMATS:
        raise EchoError(f"a label map must be one of {', '.join(FORMATS)}")
    if not path.is_file():
        raise EchoError("there is no such file")
    stored = FORMATS[path.suffix.lower()](path)
    if stored.labels.ndim != 3 or not len(stored.labels):
        raise EchoError(f"`mask` must be (H, W) or (T, H, W), got {stored.labels.shape}")
    height, width = stored.labels.shape[1:]
    if min(height, width) < LEAST_SIDE:
        raise EchoError(f"only {width}x{height} pixels; a label map needs {LEAST_SIDE}x{LEAST_SIDE}")
    if stored.cone is not None and stored.cone.shape != (height, width):
        raise EchoError(f"`sector` must be {(height, width)} as `mask`, got {stored.cone.shape}")
    return stored


def _png(path: Path) -> Stored:
    """Greys, or the indices of a palette; where it is one of greys that some scheme has, these."""
    try:
        with Image.open(path) as image:
            image.load()
            colours = np.array(image.convert("RGB")) if image.mode in COLOURED else None
            return Stored(_labels_of(np.array(image), colours)[None])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise EchoError("not a readable picture (wrong format, truncated or damaged)") from error


def _labels_of(stored: npt.NDArray[Any], colours: npt.NDArray[np.uint8] | None) -> npt.NDArray[Any]:
    """Labels (H, W) of a picture as stored, and of its colours (H, W, 3) where it has any."""
    if colours is None:
        return stored
    grey = bool((colours == colours[..., :1]).all())
    if grey and (stored.ndim == 3 or fitting_schemes(colours[..., 0])):
        return colours[..., 0]
    if stored.ndim == 3:
        raise EchoError("a picture in colour: save the labels as greys or as indices of a palette")
    return stored


def _npz(path: Path) -> Stored:
    arrays = read_npz(path)
    if "mask" not in arrays:
        raise EchoError(f"holds no `mask` array, only: {', '.join(arrays) or 'nothing'}")
    mask = arrays["mask"]
    spacing = np.ravel(arrays.get("spacing_mm", ()))
    named = np.ravel(arrays.get("ed_frames", ()))
    return Stored(
        mask[None] if mask.ndim == 2 else mask,
        arrays["sector"].astype(bool) if "sector" in arrays else None,
        float(spacing.mean()) if spacing.size and 0 < spacing.min() <= 1.02 * spacing.max() else None,
        int(named[0]) if named.size else None,
    )


FORMATS: dict[str, Callable[[Path], Stored]] = {".png": _png, ".npz": _npz}
