"""A label map from a file: PNG (grey or palette) or npz with `mask`, in any scheme of `echodfkd.labels`."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from echodfkd.clip import BoolMask, Label
from echodfkd.errors import EchoError, UsageError
from echodfkd.labels import SCHEMES, detect_scheme, to_ours
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.stored import open_stored

Classes = npt.NDArray[np.uint8]

LEAST_LV = 30  # pixels
SQUARE = 0.02  # share by which the sides may differ
CRUMBS = 0.03  # share of the LV that may lie apart from it and is dropped
NEAR = 2  # pixels from the LV within which its wall or its atrium must begin


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
    stored = open_stored(path)
    scheme = detect_scheme(stored.labels) if labels is None else labels
    ours = to_ours(stored.labels, scheme)
    index = _frame(ours, stored.ed if frame is None else frame)
    cone = stored.cone
    if cone is None and SCHEMES[scheme].fills_cone:
        cone = stored.labels[index] != 0
    return _fitted(ours[index], cone, stored.spacing_mm, size)


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
