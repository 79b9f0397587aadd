"""Frame rate and pixel spacing of a DICOM cine, and the traps in the tags that tell them."""

from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from echodfkd.readers.base import FPS_RANGE, plausible_fps, plausible_spacing

_TISSUE_2D_CM = {
    "RegionSpatialFormat": 1,  # 2D: the others are M-mode, spectra, waveforms
    "RegionDataType": 1,  # tissue: the others are colour flow, Doppler, ECG
    "PhysicalUnitsXDirection": 3,  # cm
    "PhysicalUnitsYDirection": 3,
}
_UNEVEN = 0.1  # spread of the frame times around their mean that is worth a note
_SHRUNK_BY = (2, 3, 4)
_FILLS = 0.8  # a 2D region that a shrunken frame fills less than this leaves the factor in doubt
_NO_RATE = "The DICOM tells no plausible frame rate: times and heart rate need one from you."


def frame_rate(dataset: Dataset) -> tuple[float | None, tuple[str, ...]]:
    """Frames per second in Hz, and notes.

    The first plausible one (2..1000 Hz) of, in this order: FrameTimeVector (0018,1065; the mean of its
    increments), FrameTime (0018,1063), CineRate (0018,0040), RecommendedDisplayFrameRate (0008,2144).
    The first two say when frames were acquired (PS3.3 C.7.6.5), the last two how fast to show them.
    """
    increments = _numbers(dataset, "FrameTimeVector")[1:]  # ms; the first frame's is 0
    if increments.size and (fps := _per_second(float(increments.mean()))):
        uneven = float(np.ptp(increments)) > _UNEVEN * float(increments.mean())
        span = f"{increments.min():g}..{increments.max():g} ms"
        return fps, (f"Frame times vary ({span}): the mean rate is used.",) if uneven else ()
    candidates = (
        _per_second(first_number(dataset, "FrameTime")),
        plausible_fps(first_number(dataset, "CineRate")),
        plausible_fps(first_number(dataset, "RecommendedDisplayFrameRate")),
    )
    for fps in candidates:
        if fps:
            return fps, ()
    return None, (_NO_RATE,)


def pixel_spacing(dataset: Dataset) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """(row, column) spacing in mm per stored pixel, and notes.

    From the largest ultrasound region (PS3.3 C.8.5.5) that is 2D, tissue and in cm along both axes;
    without one, from PixelSpacing (0028,0030) with a note. ImagerPixelSpacing is not used: it is a length
    on an X-ray detector. A region beyond the stored frame means that the frame was shrunk after the tag
    was written: if 2, 3 or 4 explains it, the spacing is multiplied by that, else it is unknown.
    """
    regions = [r for r in dataset.get("SequenceOfUltrasoundRegions") or () if _is_tissue_2d(r)]
    if not regions:
        return _from_pixel_spacing(dataset)
    region = max(regions, key=lambda r: np.prod(_box(r)[2:] - _box(r)[:2]))
    # cm to mm; some vendors give a negative delta for an axis that points up
    row, column = (10 * abs(first_number(region, f"PhysicalDelta{axis}")) for axis in "YX")
    factor, notes = _shrinkage(_box(region)[2:], dataset)
    spacing = None if factor is None else plausible_spacing(row * factor, column * factor)
    return spacing, notes


def _is_tissue_2d(region: Dataset) -> bool:
    kind = all(first_number(region, keyword) == value for keyword, value in _TISSUE_2D_CM.items())
    return (
        kind and first_number(region, "PhysicalDeltaX") != 0 and first_number(region, "PhysicalDeltaY") != 0
    )


def _shrinkage(corner: Any, dataset: Dataset) -> tuple[int | None, tuple[str, ...]]:
    """By what factor the frame was shrunk after its region's lower right corner (x, y) was written."""
    frame = np.array([first_number(dataset, "Columns"), first_number(dataset, "Rows")])
    if (corner <= frame).all():  # the corner is inclusive by the standard, exclusive to some vendors
        return 1, ()
    need = float(((corner + 1) / frame).max())
    where = "The ultrasound region lies partly outside the stored frame"
    for factor in _SHRUNK_BY:
        if _FILLS * factor <= need <= factor:
            return factor, (
                f"{where}: it was shrunk by {factor}, and the pixel spacing is corrected by that.",
            )
    return None, (f"{where} and no plain factor explains it: the pixel spacing is unknown.",)


def _from_pixel_spacing(dataset: Dataset) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    values = _numbers(dataset, "PixelSpacing")
    spacing = plausible_spacing(*values) if values.size == 2 else None
    note = "Pixel spacing is from PixelSpacing (0028,0030): the DICOM has no 2D tissue region in cm."
    return spacing, (note,) if spacing else ()


def _box(region: Dataset) -> Any:
    """(x0, y0, x1, y1) in pixels."""
    corners = ("MinX0", "MinY0", "MaxX1", "MaxY1")
    return np.array([first_number(region, f"RegionLocation{corner}") for corner in corners])


def _per_second(milliseconds: float) -> float | None:
    in_range = 1000 / FPS_RANGE[1] <= milliseconds <= 1000 / FPS_RANGE[0]
    return 1000 / milliseconds if in_range else None


def first_number(dataset: Dataset, keyword: str, default: float = 0.0) -> float:
    """A tag's first value; `default` when it is absent, empty or no finite number."""
    values = _numbers(dataset, keyword)
    return float(values[0]) if values.size else default


def _numbers(dataset: Dataset, keyword: str) -> Any:
    """A tag's finite values, float (n,); nothing when it is absent, empty or no number."""
    try:
        values = np.ravel(np.array(dataset.get(keyword, ()), dtype=np.float64))
    except (ValueError, TypeError, OverflowError):
        return np.empty(0)
    return values if np.isfinite(values).all() else np.empty(0)
