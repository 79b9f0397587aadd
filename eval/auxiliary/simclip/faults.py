"""Masks that are wrong in many ways and degrees, for simclip to learn how right a mask is.

H W = height, width of one frame.
"""

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import Label

Tissues = npt.NDArray[np.uint8]  # (H, W), values of `Label`
Flat = npt.NDArray[np.bool_]  # (H, W)
CHAMBERS: tuple[tuple[Label, ...], ...] = (
    (Label.LA,),
    (Label.RV,),
    (Label.RA,),
    (Label.LV, Label.MYOCARDIUM),
    (Label.LV, Label.LA),
    (Label.MYOCARDIUM,),
)
KINDS = ("contour", "affine", "chamber", "cut", "empty", "oversized", "other", "exact")
CHANCES = (0.5, 0.14, 0.07, 0.06, 0.03, 0.05, 0.09, 0.06)


def faulty(rng: np.random.Generator, tissues: Tissues, others: list[Tissues]) -> Flat:
    """A wrong mask of the LV in a frame.

    Args:
        tissues: of the frame. others: tissues of other frames and clips, whose LV may be taken for it.
    """
    lv = tissues == Label.LV
    kind = str(rng.choice(KINDS, p=CHANCES))
    if kind == "other" or not lv.any():
        kind, lv = "contour", others[rng.integers(len(others))] == Label.LV
    if not lv.any() or kind == "empty":
        return np.zeros_like(lv)
    if kind == "chamber":
        wrong = np.isin(tissues, CHAMBERS[rng.integers(len(CHAMBERS))])
        return wrong if wrong.any() else np.zeros_like(lv)
    if kind == "cut":
        return lv & half_plane(rng, lv)
    if kind == "oversized":
        return signed_distance(lv) > -rng.uniform(8, 60)
    if kind == "affine":
        return moved(lv, rng.normal(0, 9, 2), rng.normal(0, 12), float(np.exp(rng.normal(0, 0.25))))
    return lv if kind == "exact" else wavy(rng, lv)


def signed_distance(mask: Flat) -> npt.NDArray[np.float32]:
    """Distance of each pixel to the contour in pixels, positive inside."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(inside - outside, np.float32)


def wavy(rng: np.random.Generator, mask: Flat) -> Flat:
    """A contour that runs beside the true one: too far out or in, in waves, and a little moved."""
    size = mask.shape[0] / 112
    level = rng.normal(0, 2.2) if rng.random() < 0.7 else rng.normal(0, 5)
    waves = smooth(rng, mask.shape, rng.uniform(5, 16) * size) * abs(rng.normal(0, 2.5))
    found = signed_distance(mask) + size * (level + waves) > 0
    return moved(found, rng.normal(0, 1.5, 2) * size, rng.normal(0, 3), 1.0)


def smooth(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> npt.NDArray[np.float32]:
    """Smooth noise of unit standard deviation (H, W)."""
    small = rng.standard_normal([max(2, round(side / sigma)) + 2 for side in shape]).astype(np.float32)
    noise = cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(noise / max(float(noise.std()), 1e-6), np.float32)


def moved(mask: Flat, shift: npt.NDArray[np.float64], degrees: float, scale: float) -> Flat:
    """The mask turned and scaled about its middle, then shifted by (down, right) pixels."""
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return mask
    middle = float(columns.mean()), float(rows.mean())
    matrix = np.array(cv2.getRotationMatrix2D(middle, degrees, scale), np.float64)
    matrix[:, 2] += shift[::-1]
    turned = cv2.warpAffine(mask.astype(np.uint8), matrix, mask.shape[::-1], flags=cv2.INTER_NEAREST)
    return np.asarray(turned > 0)


def half_plane(rng: np.random.Generator, mask: Flat) -> Flat:
    """What lies on one side of a line through a point of the mask (H, W)."""
    rows, columns = np.nonzero(mask)
    point = rng.integers(len(rows))
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.indices(mask.shape)
    return (y - rows[point]) * np.sin(angle) + (x - columns[point]) * np.cos(angle) > 0
