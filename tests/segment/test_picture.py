import numpy as np
import pytest

from echodfkd.segment.curve import byline, curve_points, headline
from echodfkd.segment.picture import key_frames
from echodfkd.segment.result import BeatResult, ModelCard, SegmentResult

CARD = ModelCard("default", "ab" * 32, "real-free")


def result(area: list[float], **changes: object) -> SegmentResult:
    fields: dict = {
        "name": "x",
        "fps": None,
        "spacing_mm": None,
        "area_px": np.array(area),
        "ed_frames": (),
        "es_frames": (),
        "heart_rate_bpm": None,
        "beats": (),
        "ef": None,
        "convention": "unknown",
        "orientation": "as stored",
        "model": CARD,
    }
    return SegmentResult(**(fields | changes))


@pytest.mark.parametrize(
    ("area", "beats", "shown"),
    [
        ([5.0, 9.0, 3.0], (), [("largest mask", 1), ("smallest mask", 2)]),
        ([0.0, 0.0], (), [("no mask", 0)]),
        ([7.0], (), [("mask", 0)]),
        ([9.0] * 9, (BeatResult(0, 2, 40.0, False), BeatResult(4, 7, 50.0, True)), [("ED", 4), ("ES", 7)]),
        ([9.0] * 9, (BeatResult(0, 2, 40.0, False),), [("ED", 0), ("ES", 2)]),
    ],
)
def test_the_frames_worth_showing(area: list[float], beats: tuple, shown: list[tuple[str, int]]) -> None:
    assert key_frames(result(area, beats=beats)) == shown


def test_headline_says_what_is_missing() -> None:
    assert headline(result([1.0])) == "EF –    HR –"
    assert headline(result([1.0], ef=57.6, heart_rate_bpm=71.2)) == "EF 58 %    HR 71 /min"


def test_byline_carries_the_claim() -> None:
    assert byline(result([1.0])) == "model default (real-free), EF by MOD-A4C"


def test_axes_are_in_seconds_and_cm2_where_known() -> None:
    x, y, *labels = curve_points(result([100.0, 200.0], fps=50.0, spacing_mm=(1.0, 2.0)))
    assert (x.tolist(), y.tolist()) == ([0.0, 0.02], [2.0, 4.0])
    assert labels == ["time (s)", "LV area (cm²)"]
    x, y, *labels = curve_points(result([100.0, 200.0]))
    assert (x.tolist(), y.tolist()) == ([0.0, 1.0], [100.0, 200.0])
    assert labels == ["frame", "LV area (pixels)"]
