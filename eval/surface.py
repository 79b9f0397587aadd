"""How far two outlines lie apart: HD95 and the average symmetric surface distance (ASSD).

N H W = images, height, width; masks are bool. A boundary pixel is one of the mask with a side on the outside,
the picture's edge included; distances run between centres of boundary pixels.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, distance_transform_edt

from echodfkd.clip import BoolMask
from echodfkd.errors import EchoError

Floats = npt.NDArray[np.float64]
Spacing = tuple[float, float]


def surface_distances(found: BoolMask, true: BoolMask, spacing: Spacing = (1.0, 1.0)) -> Floats:
    """HD95 and ASSD of each image: bool (N, H, W) twice -> float (N, 2), in the unit of `spacing`, 0 or more.

    HD95 is the larger of the two 95th percentiles (of the way from each outline to the other); ASSD the mean
    over the boundary pixels of both. Both masks empty: 0. One empty: NaN. As defined by Taha and Hanbury, BMC
    Medical Imaging 2015 (percentile by linear interpolation).

    Args:
        spacing: (row, column) size of a pixel; (1, 1) gives pixels.

    Raises:
        EchoError: if the shapes differ, the masks are not bool, or a spacing is not positive.
    """
    if found.shape != true.shape or found.ndim != 3:
        raise EchoError(f"masks to compare must both be (N, H, W), got {found.shape} and {true.shape}")
    if found.dtype != np.bool_ or true.dtype != np.bool_:
        raise EchoError(f"masks to compare must be bool, got {found.dtype} and {true.dtype}")
    if not all(0 < side < np.inf for side in spacing):
        raise EchoError(f"pixel spacing must be two positive numbers, got {spacing}")
    pairs = [_of_image(a, b, spacing) for a, b in zip(found, true, strict=True)]
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def _of_image(found: BoolMask, true: BoolMask, spacing: Spacing) -> tuple[float, float]:
    either = found | true
    if not either.any():
        return 0.0, 0.0
    if not (found.any() and true.any()):
        return np.nan, np.nan
    box = _box(either)
    a, b = _boundary(found[box]), _boundary(true[box])
    there, back = _to(b, spacing)[a], _to(a, spacing)[b]
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return float(hd95), float(np.concatenate([there, back]).mean())


def _box(mask: BoolMask) -> tuple[slice, slice]:
    """The smallest box around a mask (H, W) that is not empty."""
    first, last = np.flatnonzero(mask.any(1))[[0, -1]]
    left, right = np.flatnonzero(mask.any(0))[[0, -1]]
    return slice(first, last + 1), slice(left, right + 1)


def _boundary(mask: BoolMask) -> BoolMask:
    return mask & ~binary_erosion(mask)


def _to(boundary: BoolMask, spacing: Spacing) -> Floats:
    """Distance (H, W) of every pixel to the nearest of a boundary."""
    found: Floats = distance_transform_edt(~boundary, sampling=spacing)
    return found
