"""A label map from a file: PNG (grey or palette) or npz with `mask`, in any scheme of `echodfkd.labels`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import distance_transform_edt

from echodfkd.clip import BoolMask, Label
from echodfkd.errors import EchoError, UsageError
from echodfkd.files import read_npz
from echodfkd.labels import SCHEMES, detect_scheme, fitting_schemes, to_ours
from echodfkd.synth.masks.maps import LabelMap

Classes = npt.NDArray[np.uint8]

LEAST_SIDE, LEAST_LV = 32, 30  # pixels
SQUARE = 0.02  # share by which the sides may differ
CRUMBS = 0.03  # share of the LV that may lie apart from it and is dropped
COLOURED = ("P", "PA", "RGB", "RGBA", "LA")  # modes of Pillow
NEAR = 2  # pixels from the LV within which its wall or its atrium must begin


@dataclass(frozen=True)
class _Stored:
    """What a file holds: labels (T, H, W), cone, side of a pixel in mm, the ED frame it names."""

    labels: npt.NDArray[Any]
    cone: BoolMask | None = None
    spacing_mm: float | None = None
    ed: int | None = None


def read_map(path: Path, labels: str | None = None, size: int = 112, frame: int | None = None) -> LabelMap:
    """Read, translate and check a label map of the apex-up heart at ED.

    Args:
        path: .png or .npz. Of an npz, `mask` (H, W) or (T, H, W), and if present `sector` (H, W),
            `spacing_mm` and `ed_frames`.
        labels: a scheme of `echodfkd.labels.SCHEMES`; None detects it, see `detect_scheme`.
        size: side in pixels that the map is brought to (nearest); one that is not square is padded first.
        frame: of a sequence, 0-based; None takes the first ED that the file names, else that of the largest
            LV.

    Returns:
        A map (size, size); its cone is known where the file has `sector` or its labels fill the cone.

    Raises:
        EchoError: for a file that cannot be read, labels that no scheme has, or a heart that is no heart.
        UsageError: for an unknown scheme or a frame that is not there.
    """
    try:
        return _checked(_read(Path(path), labels, size, frame))
    except EchoError as error:
        raise type(error)(f"{path}: {error}") from error


def _read(path: Path, labels: str | None, size: int, frame: int | None) -> LabelMap:
    stored = _open(path)
    scheme = detect_scheme(stored.labels) if labels is None else labels
    ours = to_ours(stored.labels, scheme)
    index = _frame(ours, stored.ed if frame is None else frame)
    cone = stored.cone
    if cone is None and SCHEMES[scheme].fills_cone:
        cone = stored.labels[index] != 0
    return _fitted(ours[index], cone, stored.spacing_mm, size)


def _open(path: Path) -> _Stored:
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


def _png(path: Path) -> _Stored:
    """Greys, or the indices of a palette; where it is one of greys that some scheme has, these."""
    try:
        with Image.open(path) as image:
            image.load()
            colours = np.array(image.convert("RGB")) if image.mode in COLOURED else None
            return _Stored(_labels_of(np.array(image), colours)[None])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise EchoError("not a readable picture (wrong format, truncated or damaged)") from error


def _labels_of(stored: npt.NDArray[Any], colours: Classes | None) -> npt.NDArray[Any]:
    """Labels (H, W) of a picture as stored, and of its colours (H, W, 3) where it has any."""
    if colours is None:
        return stored
    grey = bool((colours == colours[..., :1]).all())
    if grey and (stored.ndim == 3 or fitting_schemes(colours[..., 0])):
        return colours[..., 0]
    if stored.ndim == 3:
        raise EchoError("a picture in colour: save the labels as greys or as indices of a palette")
    return stored


def _npz(path: Path) -> _Stored:
    arrays = read_npz(path)
    if "mask" not in arrays:
        raise EchoError(f"holds no `mask` array, only: {', '.join(arrays) or 'nothing'}")
    mask = arrays["mask"]
    spacing = np.ravel(arrays.get("spacing_mm", ()))
    named = np.ravel(arrays.get("ed_frames", ()))
    return _Stored(
        mask[None] if mask.ndim == 2 else mask,
        arrays["sector"].astype(bool) if "sector" in arrays else None,
        float(spacing.mean()) if spacing.size and 0 < spacing.min() <= 1.02 * spacing.max() else None,
        int(named[0]) if named.size else None,
    )


FORMATS: dict[str, Callable[[Path], _Stored]] = {".png": _png, ".npz": _npz}


def _frame(ours: npt.NDArray[np.uint8], frame: int | None) -> int:
    if frame is None:
        return int(np.argmax((ours == Label.LV).sum((1, 2))))
    if not 0 <= frame < len(ours):
        raise UsageError(f"frame {frame} is not among its {len(ours)}")
    return frame


def _fitted(classes: Classes, cone: BoolMask | None, spacing: float | None, size: int) -> LabelMap:
    """Padded to a square where it is none, at the bottom or on both sides, and brought to size (nearest)."""
    height, width = classes.shape
    side, notes = max(height, width), tuple[str, ...]()
    layers = [classes] if cone is None else [classes, cone.astype(np.uint8)]
    if side > (1 + SQUARE) * min(height, width):
        left = (side - width) // 2
        pad = ((0, side - height), (left, side - width - left))
        layers = [np.pad(layer, pad) for layer in layers]
        notes = (f"the label map of {width}x{height} was padded to a square",)
    layers = [_resized(layer, size) for layer in layers]
    if not (layers[0] == Label.LV).any():
        raise EchoError("no LV in this label map")
    fitted = None if cone is None else layers[1] > 0
    return LabelMap(layers[0], fitted, spacing and spacing * side / size, notes)


def _resized(layer: Classes, size: int) -> Classes:
    nearest = cv2.INTER_NEAREST_EXACT
    return np.asarray(cv2.resize(layer, (size, size), interpolation=nearest), np.uint8)


def _checked(map_: LabelMap) -> LabelMap:
    map_ = _in_one_piece(map_)
    count = int(map_.lv.sum())
    if count < LEAST_LV:
        raise EchoError(f"an LV of only {count} pixels at {len(map_.classes)}x{len(map_.classes)}")
    near = cv2.dilate(map_.lv.astype(np.uint8), np.ones((2 * NEAR + 1,) * 2, np.uint8)) > 0
    if map_.classes.max() > Label.LV and not np.isin(map_.classes[near], (Label.MYOCARDIUM, Label.LA)).any():
        raise EchoError("the LV touches neither myocardium nor left atrium: are these its labels?")
    atrium = map_.classes == Label.LA
    if atrium.any() and np.argwhere(atrium)[:, 0].mean() < np.argwhere(map_.lv)[:, 0].mean():
        raise EchoError("upside down: the left atrium must lie below the LV, the apex point up")
    return map_


def _in_one_piece(map_: LabelMap) -> LabelMap:
    """The map without crumbs of LV; what they hid is filled with what lies nearest."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(map_.lv.astype(np.uint8), connectivity=4)
    if count == 2:
        return map_
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    crumbs = map_.lv & (pieces != largest)
    if crumbs.sum() > CRUMBS * map_.lv.sum():
        raise EchoError(f"the LV is in {count - 1} pieces")
    nearest = distance_transform_edt(map_.lv, return_distances=False, return_indices=True)
    note = f"{int(crumbs.sum())} pixels of LV apart from the rest were dropped"
    return map_.with_(
        classes=np.where(crumbs, map_.classes[tuple(nearest)], map_.classes), notes=(*map_.notes, note)
    )
