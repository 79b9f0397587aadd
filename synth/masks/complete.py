"""What a label map lacks: a wall round an LV that stands alone, an atrium below it, a cone round it all.

Free-Echo dilates an LV-only map into a ring; here the ring has the thickness of a wall and is open at the
mitral plane. Lengths are shares of the LV's length, from the means of `sim.anatomy`.
"""

import cv2
import numpy as np
import numpy.typing as npt

from echodfkd.clip import BoolMask, Label
from echodfkd.synth.masks.maps import LabelMap
from echodfkd.synth.masks.shape import LENGTH, Shape, measure
from echodfkd.synth.sim.anatomy import chamber

WALL = (
    (0.0, 0.4, 0.8, 1.0),
    (0.1, 0.13, 0.13, 0.09),
)  # thickness at z from the apex; shares of the LV's length
ATRIUM = (0.5, 0.5)  # length and width of the left atrium, shares of the LV's length
OVERLAP = 1.0  # mm by which the atrium reaches above the mitral plane, so that no gap is left
HALF_ANGLES = (0.6, 0.9)  # radians: what scanners show; wider only where the heart asks for it
WIDEST = 1.2
MARGIN = 0.04  # of the picture's side, between heart and cone
ACROSS, TOP = np.linspace(-0.1, 0.1, 9), np.linspace(-0.02, 0.1, 4)  # where the probe may sit, see `Style`
NOMINAL_TOP = 0.02


def complete(map_: LabelMap, atrium: bool = True) -> LabelMap:
    """A map with a myocardium and a cone.

    A map with a myocardium keeps its classes, one with a cone its cone.

    Args:
        atrium: whether an LV that stands alone gets a left atrium too.

    Raises:
        EchoError: when the LV is too small to have a shape.
    """
    if not (map_.classes == Label.MYOCARDIUM).any():
        alone = map_.classes.max() == Label.LV
        map_ = with_wall(map_)
        map_ = with_atrium(map_) if alone and atrium else map_
    return map_ if map_.cone is not None else fit_cone(map_)


def with_wall(map_: LabelMap) -> LabelMap:
    """Background within a wall's thickness of the LV becomes myocardium, but not below the mitral plane."""
    shape = measure(map_)
    x, z = shape.pixels(map_.classes.shape)
    outside = cv2.distanceTransform((~map_.lv).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    thick = np.interp(z / LENGTH, *WALL) * LENGTH / shape.scale
    ring = (map_.classes == Label.BACKGROUND) & (outside - 0.5 <= thick) & _above_mitral_plane(shape, x, z)
    return _painted(map_, ring, Label.MYOCARDIUM)


def with_atrium(map_: LabelMap) -> LabelMap:
    """A left atrium hangs from the mitral annulus, as far as background lies there."""
    shape = measure(map_)
    (left, right), (turned, base) = _annulus(shape)
    sac = chamber((left, right), base - OVERLAP, ATRIUM[0] * LENGTH, ATRIUM[1] * LENGTH)
    middle = np.array([(left + right) / 2, base])
    cos, sin = np.cos(turned), np.sin(turned)
    around = (sac - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle
    outline = np.stack(shape.to_picture(*around.T), 1)
    area = np.zeros(map_.classes.shape, np.uint8)
    cv2.fillPoly(area, [np.round(outline * 16).astype(np.int32)], 1, shift=4)
    return _painted(map_, (area > 0) & (map_.classes == Label.BACKGROUND), Label.LA)


def fit_cone(map_: LabelMap) -> LabelMap:
    """Put a scanner's cone round the heart: its probe above, as near the middle as the heart allows.

    The left ventricle, its wall and the margin lie inside; the atria and the right heart may be cut off, as
    they are in many pictures.
    """
    side = max(map_.classes.shape)
    heart = np.isin(map_.classes, (Label.LV, Label.MYOCARDIUM))
    across, top, needed = min(
        ((a, t, _half_angle(heart, a, t)) for a in ACROSS for t in TOP),
        key=lambda one: (max(one[2], HALF_ANGLES[1]), abs(one[0]) + abs(one[1] - NOMINAL_TOP)),
    )
    half_angle = min(max(needed, HALF_ANGLES[0]), WIDEST)
    x, y = _from_probe(map_.classes.shape, across, top)
    radius = np.hypot(x, y)
    depth = max(float(radius[heart].max()) + MARGIN * side, (0.98 - top) * side)
    cone = (np.abs(np.arctan2(x, y)) <= half_angle) & (radius <= depth) & (y > 0)
    lost = heart & ~cone
    note = (f"the cone cuts off {lost.sum() / heart.sum():.0%} of the heart",) if lost.any() else ()
    return map_.with_(cone=cone, notes=map_.notes + note)


def _annulus(shape: Shape) -> tuple[tuple[float, float], tuple[float, float]]:
    """The mitral chord in heart coordinates, laid flat: its x from..to; its angle to x and its z in mm."""
    assert shape.disks.hinges is not None
    x, z = shape.to_heart(*np.array(shape.disks.hinges).T)
    order = np.argsort(x)
    (x0, x1), (z0, z1) = x[order], z[order]
    half, middle = float(np.hypot(x1 - x0, z1 - z0)) / 2, float(x0 + x1) / 2
    turned = float(np.arctan2(z1 - z0, x1 - x0))
    return (middle - half, middle + half), (turned, float(z0 + z1) / 2)


def _above_mitral_plane(shape: Shape, x: npt.NDArray, z: npt.NDArray) -> BoolMask:
    """Pixels on the apex's side of the line through the hinges."""
    (left, right), (turned, base) = _annulus(shape)
    return np.asarray(z <= base + (x - (left + right) / 2) * np.tan(turned))


def _half_angle(heart: BoolMask, across: float, top: float) -> float:
    """Half-angle that a cone needs to hold the heart, with the probe at (across, top) of the picture."""
    x, y = _from_probe(heart.shape, across, top)
    margin = MARGIN * max(heart.shape) * (y > 0)
    return float(np.arctan2(np.abs(x[heart]) + margin[heart], y[heart]).max())


def _from_probe(shape: tuple[int, ...], across: float, top: float) -> tuple[npt.NDArray, npt.NDArray]:
    """x and y of each pixel, in pixels from the probe."""
    y, x = np.indices(shape).astype(np.float32)
    return x + 0.5 - shape[1] * (0.5 + across), y + 0.5 - shape[0] * top


def _painted(map_: LabelMap, where: BoolMask, label: Label) -> LabelMap:
    return map_.with_(classes=np.where(where, np.uint8(label), map_.classes))
