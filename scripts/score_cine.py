"""Judge a model's contour on pydicom's echo cine by landmarks that a reader set, and picture every frame.

Command:  uv run python scripts/score_cine.py [--model NAME|PATH] [--picture FILE.png]

A landmark is met when the contour passes within 5% of the LV's length of it; the length goes from the apex to
the middle of the mitral hinge points. Landmarks: docs/cine_landmarks.json. The cine has no other reference.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.data import get_testdata_file

from echodfkd.cli.failures import report
from echodfkd.clip import BoolMask
from echodfkd.files import atomic_path
from echodfkd.readers import open_source
from echodfkd.segment.pipeline import segment
from echodfkd.teachers import load_teacher

CINE = "examples_ybr_color.dcm"
MARKS = Path(__file__).parents[1] / "docs" / "cine_landmarks.json"
LIMIT = 5.0  # percent of the LV's length
COLUMNS, CROP, ENLARGED = 6, (slice(20, 205), slice(90, 250)), 2
Points = npt.NDArray[np.float64]  # (5, 2): column, row


def distances(mask: BoolMask, marks: Points) -> npt.NDArray[np.float64]:
    """Distance (5,) of each landmark from the contour of a mask (H, W), in percent of the LV's length.

    Infinite for an empty mask.
    """
    outline = contour(mask)
    if not len(outline):
        return np.full(len(marks), np.inf)
    apex, septal, lateral = marks[:3]
    length = np.hypot(*(apex - (septal + lateral) / 2))
    polygon = outline.astype(np.float32)[:, None]
    away = [abs(cv2.pointPolygonTest(polygon, tuple(map(float, mark)), True)) for mark in marks]
    return 100 * np.array(away) / length


def contour(mask: BoolMask) -> npt.NDArray[np.int32]:
    """Outline (N, 2) of a mask's largest piece: column, row; empty for an empty mask."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(found, key=cv2.contourArea)[:, 0] if found else np.zeros((0, 2)), np.int32)


def picture(
    frames: npt.NDArray[np.uint8], masks: BoolMask, marks: dict[int, Points]
) -> npt.NDArray[np.uint8]:
    """All frames with their contours, and the landmarks where there are some, as one BGR picture."""
    tiles = []
    for number, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        tile = cv2.cvtColor(frame[CROP], cv2.COLOR_GRAY2BGR)
        tile = cv2.resize(tile, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
        corner = (CROP[1].start, CROP[0].start)
        outline = (contour(mask) - corner) * ENLARGED + ENLARGED // 2
        cv2.polylines(tile, [outline.astype(np.int32)], True, (0, 220, 255), 1, cv2.LINE_AA)
        for mark in marks.get(number, ()):
            at = tuple(int(v) for v in (mark - corner) * ENLARGED)
            cv2.drawMarker(tile, at, (90, 255, 90), cv2.MARKER_CROSS, 8, 1)
        cv2.putText(tile, str(number), (6, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
        tiles.append(tile)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    return np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])


def judge(model: str, to: Path | None) -> None:
    """Segment the cine, print a line for each frame with landmarks, and picture all frames."""
    read = json.loads(MARKS.read_text(encoding="utf-8"))
    marks = {int(frame): np.array(points, float) for frame, points in read["frames"].items()}
    path = Path(str(get_testdata_file(CINE)))
    found = segment(open_source(path), load_teacher(model, device="cpu", kind="model"))
    masks = np.stack([found.soft.mask(frame) for frame in range(len(found.result.area_px))])
    print(f"ED {found.result.ed_frames}, ES {found.result.es_frames}, EF {found.result.ef}")
    for frame, points in marks.items():
        away = distances(masks[frame], points)
        named = {read["ed"]: " (ED)", read["es"]: " (ES)"}.get(frame, "")
        missed = [f"{read['landmarks'][k]} {away[k]:.1f}%" for k in np.flatnonzero(away > LIMIT)]
        print(f"frame {frame}{named}: {'passes' if not missed else 'misses ' + ', '.join(missed)}")
    if to is not None:
        with atomic_path(to) as temporary:
            drawn = picture(np.stack([*open_source(path).frames()]), masks, marks)
            temporary.write_bytes(cv2.imencode(to.suffix, drawn)[1].tobytes())


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and print; the exit code as of the commands."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="default", metavar="NAME|PATH")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw all frames here")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    o = parser.parse_args(arguments)
    try:
        judge(o.model, o.picture)
    except (Exception, KeyboardInterrupt) as error:
        return report(error, o.debug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
