import json
from pathlib import Path

import numpy as np
import pytest

from echodfkd.eval import afd

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "echodfkd_afd.json").read_text())["cases"]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_golden(case):
    area = np.array(case["area"])
    assert afd.es_frame(area, case["reference"]["es"]) == case["es_frame"]
    assert afd.ed_frame(area, case["reference"]["ed"]) == case["ed_frame"]
    assert list(afd.es_peaks(area)) == case["es_peaks"]
    assert list(afd.es_peaks(-area)) == case["ed_peaks_of_negated"]
    assert afd.es_reference_from_signal(area) == case["es_reference_from_signal"]
    assert afd.ed_reference_from_signal(area) == case["ed_reference_from_signal"]


def test_the_reference_chooses_the_beat():
    area = [9, 5, 3, 5, 9, 9, 9, 5, 2, 5, 9, 9]  # median 7: blocks 1..3 and 7..9
    assert afd.es_frame(area, 0) == 2
    assert afd.es_frame(area, 5) == 2  # both ends 2 away: the earlier block
    assert afd.es_frame(area, 6) == 8


def test_without_peaks_the_extremum_is_the_reference():
    assert afd.es_reference_from_signal([5, 4, 3, 2]) == 3
    assert afd.ed_reference_from_signal([5, 4, 3, 2]) == 0


def test_constant_curve_has_no_frame():
    assert afd.es_frame([4, 4, 4], 1) is None
    assert afd.ed_frame([4, 4, 4], 1) is None


def test_evaluate_leaves_constant_curves_out():
    wave = 100 + 10 * np.cos(2 * np.pi * np.arange(60) / 30)  # ED 0 and 30, ES 15 and 45
    figures = dict(afd.evaluate([wave, np.ones(60)], ed_references=[33, 5], es_references=[44, 5]))
    assert figures == {"afd_ed": 3, "afd_es": 1}
    assert np.isnan(dict(afd.evaluate([np.ones(9)], [1], [1]))["afd_es"])


def test_area_counts_pixels_above_25():
    prob = np.array([[[0, 25, 26, 255]]], np.uint8)
    assert afd.area_curve(prob).tolist() == [2]
