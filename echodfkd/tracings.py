"""EchoNet-Dynamic's tracings: a long axis and 20 chords that stand for an LV mask, and VolumeTracings.csv.

A tracing is float (N, 4), rows X1, Y1, X2, Y2 in pixels: row 0 the long axis from apex to base, then chords
across it. EchoNet-Dynamic: Ouyang et al., Nature 2020.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from echodfkd.clip import BoolMask
from echodfkd.errors import EchoError
from echodfkd.files import atomic_path
from echodfkd.volume import disk_volume

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COLUMNS = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
CHORDS = 20
INSET = 0.002  # of the axis: how far from its ends the outermost chords stand
ROWS_AT_ONCE = 16  # filled together: bounds the memory
PROBES_PER_PIXEL = 4  # along a chord, to find where the mask ends


@dataclass(frozen=True, eq=False)
class Tracing:
    """One traced frame: video name without extension, 0-based frame, lines float (N, 4) as said above."""

    name: str
    frame: int
    lines: Floats

    @property
    def area(self) -> float:
        """Area of the traced polygon in square pixels (shoelace formula)."""
        x, y = _polygon(self.lines).T
        return 0.5 * abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1)))


def mask_to_tracing(mask: npt.NDArray) -> Floats:
    """Trace an LV mask (H, W), bool or probability, as EchoNet-Dynamic does: float (21, 4).

    The long axis is that of the method of disks (pixels taken as square). The 20 chords run from the apex to
    the base, left end first, and end where the mask does. The first and last chord stand at
    the very ends of the axis, so that the polygon through the chords' ends covers the mask.

    Raises:
        EchoError: if there is no LV in the mask.
    """
    disks = disk_volume(mask)
    if disks.apex is None or disks.base is None:
        raise EchoError("there is no left ventricle in this mask to trace")
    apex, base = np.array(disks.apex), np.array(disks.base)
    axis = (base - apex) / np.linalg.norm(base - apex)
    across = np.array([-axis[1], axis[0]]) * (-1 if axis[1] > 0 else 1)  # to the right
    points = apex + np.linspace(INSET, 1 - INSET, CHORDS)[:, None] * (base - apex)
    chords = [_chord(mask, point, across) for point in points]
    return np.vstack([np.concatenate([apex, base]), chords])


def _chord(mask: npt.NDArray, point: Floats, across: Floats) -> Floats:
    """Ends of the mask on the line through a point, left one first; the point twice where there is none."""
    reach = float(np.hypot(*mask.shape))
    offsets = np.arange(-reach, reach, 1 / PROBES_PER_PIXEL)
    x, y = (point + offsets[:, None] * across).T
    inside = offsets[map_coordinates(mask.astype(np.float64), [y, x], order=1) >= 0.5]
    ends = inside[[0, -1]] if len(inside) else np.zeros(2)
    return (point + ends[:, None] * across).ravel()


def tracing_to_mask(tracing: npt.ArrayLike, shape: tuple[int, int]) -> BoolMask:
    """Fill a tracing (N, 4) as EchoNet-Dynamic's loader does: bool (H, W).

    The polygon runs down the chords' first ends and back up the second ends, rounded to whole pixels; pixels
    on its outline belong to it.

    Raises:
        EchoError: if the tracing has fewer than two chords or values that are not finite.
    """
    lines = np.asarray(tracing, dtype=np.float64)
    if lines.ndim != 2 or lines.shape[1] != 4 or len(lines) < 3 or not np.isfinite(lines).all():
        raise EchoError(
            f"a tracing needs a long axis and two chords (N, 4) of finite numbers, got {lines.shape}"
        )
    return fill_polygon(np.rint(_polygon(lines)).astype(np.int64), shape)


def fill_polygon(corners: Ints, shape: tuple[int, int]) -> BoolMask:
    """Pixels (H, W) in or on a polygon with whole-pixel corners (N, 2) of x, y.

    A pixel is inside if a ray to its right crosses the outline an odd number of times (even-odd rule, also
    where the polygon crosses itself), and on the outline if the rays to the right and left disagree or it is
    a corner (O'Rourke, Computational Geometry in C, section 7.4).
    """
    mask = np.zeros(shape, bool)
    x_low, y_low = np.maximum(corners.min(0), 0)
    x_high, y_high = np.minimum(corners.max(0), [shape[1] - 1, shape[0] - 1])
    if x_low > x_high or y_low > y_high:
        return mask
    columns = np.arange(x_low, x_high + 1)
    for top in range(y_low, y_high + 1, ROWS_AT_ONCE):
        rows = np.arange(top, min(top + ROWS_AT_ONCE, y_high + 1))
        mask[top : top + len(rows), x_low : x_high + 1] = _covered(corners, rows, columns)
    return mask


def _covered(corners: Ints, rows: Ints, columns: Ints) -> BoolMask:
    """Which pixels (R, C) of some rows and columns lie in or on the polygon; exact, in whole numbers."""
    x1, y1 = corners[:, 0], corners[:, 1] - rows[:, None]  # (N,), (R, N): seen from each row
    x0, y0 = np.roll(x1, 1), np.roll(y1, 1, axis=1)
    sign = np.sign(y0 - y1)
    crossing = ((x1 * y0 - x0 * y1) * sign)[:, None]  # column where the edge meets the row, times |y0 - y1|
    seen_from = columns[:, None] * np.abs(y0 - y1)[:, None]  # (R, C, N)
    right = (((y1 > 0) != (y0 > 0))[:, None] & (crossing > seen_from)).sum(-1) % 2
    left = (((y1 < 0) != (y0 < 0))[:, None] & (crossing < seen_from)).sum(-1) % 2
    corner = ((y1 == 0)[:, None] & (x1 == columns[:, None])).any(-1)
    return corner | (right != left) | (right == 1)


def _polygon(lines: Floats) -> Floats:
    """Corners (2 (N - 1), 2) of x, y: first ends of the chords, then second ends backwards."""
    return np.concatenate([lines[1:, :2], lines[:0:-1, 2:]])


def tracing_rows(tracing: Tracing) -> Iterator[tuple[str, ...]]:
    """Rows of VolumeTracings.csv for one frame, in the order of `COLUMNS`, coordinates to 1e-4 pixel."""
    for line in tracing.lines:
        yield (f"{tracing.name}.avi", *(f"{value:.4f}" for value in line), str(tracing.frame))


def write_tracings(path: Path, tracings: Iterable[Tracing]) -> None:
    """Write VolumeTracings.csv: videos in the order given, of each the smaller traced frame (ES) first.

    The tracings of one video must follow one another. The file appears whole or not at all.
    """
    with atomic_path(path) as part, part.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for _, frames in groupby(tracings, key=lambda tracing: tracing.name):
            for tracing in sorted(frames, key=lambda tracing: tracing.area):
                writer.writerows(tracing_rows(tracing))


def read_tracings(path: Path) -> dict[str, tuple[Tracing, ...]]:
    """Read VolumeTracings.csv: video name without extension -> its traced frames, smallest polygon first.

    So the first is ES and the last ED: by area, since sources disagree on the order of a file's rows.

    Raises:
        EchoError: if the file is missing, has other columns, or holds a row that is no number.
    """
    lines: dict[str, dict[int, list[list[float]]]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for name, frame, line in _parsed(csv.DictReader(file), path):
                lines.setdefault(name, {}).setdefault(frame, []).append(line)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EchoError(f"cannot read the tracings {path}: {error}") from error
    return {
        name: tuple(sorted((Tracing(name, k, np.array(v)) for k, v in frames.items()), key=lambda t: t.area))
        for name, frames in lines.items()
    }


def _parsed(reader: "csv.DictReader[str]", path: Path) -> Iterator[tuple[str, int, list[float]]]:
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise EchoError(f"{path} lacks the columns {', '.join(missing)}; expected {','.join(COLUMNS)}")
    for row in reader:
        try:
            yield (
                row["FileName"].removesuffix(".avi"),
                int(row["Frame"]),
                [float(row[c]) for c in COLUMNS[1:5]],
            )
        except (TypeError, ValueError) as error:
            raise EchoError(f"{path}, line {reader.line_num}: not a traced line: {error}") from error
