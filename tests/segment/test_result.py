import json

import numpy as np
import pytest

from echodfkd.segment.result import SUMMARY_COLUMNS, BeatResult, ModelCard, SegmentResult, counted, mean

KEYS = {
    *("frames", "fps", "spacing_mm", "area_px", "ed_frames", "es_frames", "event_definition"),
    *("heart_rate_bpm", "beats", "ef", "ef_method", "ef_interval", "convention", "orientation"),
    *("model", "warnings"),
}


def result(**changes: object) -> SegmentResult:
    fields: dict = {
        "name": "x",
        "fps": 50.0,
        "spacing_mm": (2.0, 5.0),
        "area_px": np.array([300.0, 200.0]),
        "ed_frames": (0,),
        "es_frames": (1,),
        "heart_rate_bpm": 61.04,
        "beats": (BeatResult(0, 1, 60.456, True, 100.0, 39.544, 81.123),),
        "ef": 60.456,
        "convention": "echonet",
        "orientation": "as stored",
        "model": ModelCard("default", "ab" * 32, "real-free"),
    }
    return SegmentResult(**(fields | changes))


def test_json_holds_exactly_the_keys_of_the_contract() -> None:
    content = json.loads(json.dumps(result().to_json(), allow_nan=False))
    assert set(content) == KEYS
    assert content["frames"] == 2
    assert content["spacing_mm"] == [2.0, 5.0]
    assert content["event_definition"] == "largest/smallest LV"
    assert content["ef_method"] == "MOD-A4C"
    assert content["ef_interval"] is None
    assert content["model"] == {"name": "default", "sha256": "ab" * 32, "claim": "real-free"}
    assert content["beats"] == [
        {
            "ed": 0,
            "es": 1,
            "ef": 60.46,
            "complete": True,
            "edv_ml": 100.0,
            "esv_ml": 39.54,
            "length_ed_mm": 81.12,
        }
    ]


def test_without_spacing_there_are_no_volumes() -> None:
    content = result(spacing_mm=None, beats=(BeatResult(0, 1, 60.0, False),)).to_json()
    assert content["spacing_mm"] is None
    assert content["beats"] == [{"ed": 0, "es": 1, "ef": 60.0, "complete": False}]


def test_area_in_cm2_is_pixels_times_both_spacings() -> None:
    assert result().area_cm2 == pytest.approx([30.0, 20.0])  # 300 px of 2 mm x 5 mm = 3000 mm2
    assert result(spacing_mm=None).area_cm2 is None


def test_complete_beats_count_and_half_beats_only_without_them() -> None:
    half, whole = BeatResult(0, 5, 40.0, False), BeatResult(9, 15, 60.0, True)
    assert counted((half, whole)) == (whole,)
    assert counted((half,)) == (half,)
    assert counted(()) == ()


def test_summary_row_has_the_volumes_of_the_beats_behind_ef() -> None:
    beats = (
        BeatResult(0, 5, 10.0, False, 500.0, 450.0, 99.0),
        BeatResult(9, 15, 60.0, True, 100.0, 40.0, 80.0),
        BeatResult(20, 25, 50.0, True, 110.0, 55.0, 82.0),
    )
    row = result(beats=beats, warnings=("one", "two")).to_row()
    assert tuple(row) == SUMMARY_COLUMNS
    assert (row["edv_ml"], row["esv_ml"], row["complete_beats"]) == (105.0, 47.5, 2)
    assert row["warnings"] == "one | two"


def test_mean_of_nothing_is_none() -> None:
    assert mean([]) is None
    assert mean([1.0, 2.0]) == 1.5


def test_a_heads_figures_are_in_json_and_row() -> None:
    one = result(
        ef_method="learned-head:default",
        ef_interval=(51.234, 66.666),
        beats=(BeatResult(0, 1, 60.0, True, confidence=0.87654),),
    )
    content = json.loads(json.dumps(one.to_json(), allow_nan=False))
    assert set(content) == KEYS
    assert content["ef_method"] == "learned-head:default"
    assert content["ef_interval"] == [51.23, 66.67]
    assert content["beats"][0]["confidence"] == 0.877
    row = one.to_row()
    assert (row["ef_method"], row["ef_low"], row["ef_high"]) == ("learned-head:default", 51.23, 66.67)
