import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from dark_cavity import beating
from text_image import Tissues

from echodfkd.beats import Events
from echodfkd.clip import Clip
from echodfkd.eval.auxiliary.base import TextImage
from echodfkd.eval.auxiliary.scores import (
    Questions,
    binary_metric,
    calibrated_sign,
    phase_events,
    phase_signal,
    read_clip,
    regression_metric,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "echoclip_metrics.json").read_text())["cases"]


def unit(wave: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    vectors = wave.astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"seed {case['seed']}")
def test_golden(case: dict[str, Any]) -> None:
    count, dim, seed = case["frames"], case["dim"], case["seed"]
    frames = unit(np.sin(np.arange(count * dim) * (0.7 + seed)).reshape(count, dim))
    prompts = unit(np.cos(np.arange(202 * dim) * (0.3 + seed)).reshape(202, dim))
    values = [*range(101), *range(101)]
    assert regression_metric(frames, prompts, values) == pytest.approx(case["regression"], abs=1e-4)
    assert binary_metric(frames, prompts[:5]) == pytest.approx(case["binary"], abs=1e-6)


def test_the_regression_by_hand() -> None:
    """Frame one ranks 30, 40, 0; frame two 40, 30, 0: both ranks average 35, of three ranks one is taken."""
    prompts = np.eye(3, dtype=np.float32)
    frames = np.array([[0.8, 0.6, 0.0], [0.6, 0.8, 0.0]], np.float32)
    assert regression_metric(frames, prompts, [30, 40, 0]) == 35.0


def test_202_prompts_of_whole_percents() -> None:
    texts, values = Tissues().prompts.ef_prompts()
    assert (len(texts), len(values)) == (202, 202)
    assert texts[55] == "THE LEFT VENTRICULAR EJECTION FRACTION IS ESTIMATED TO BE 55% "
    assert texts[201] == "LV EJECTION FRACTION IS 100%. "
    assert (values[55], values[201]) == (55.0, 100.0)


@pytest.mark.parametrize("said", [40, 63])
def test_ef_is_what_the_model_says(said: int) -> None:
    """The best 40 ranks are the 20 percents around `said`, twice; their lower median lies next to it."""
    model = Tissues(said=said)
    assert isinstance(model, TextImage)
    clip = Clip(beating(50)[0])
    found = read_clip(model, Questions(model), clip, phase=False, published=False)
    assert found.ef == pytest.approx(said, abs=1.0)
    assert found.phase is None


def test_ef_looks_at_every_second_of_the_first_40_frames() -> None:
    model = Tissues()
    frames = beating(60)[0]
    changed = frames.copy()
    changed[1:40:2] = 0
    changed[40:] = 0
    questions = Questions(model)
    first, second = (
        read_clip(model, questions, Clip(video), phase=phase, published=False)
        for video, phase in ((frames, False), (changed, True))
    )
    assert first.ef == second.ef


def test_the_phase_signal_is_the_sum_of_a_difference() -> None:
    model = Tissues()
    frames = model.embed_frames(beating(40)[0])
    questions = Questions(model)
    difference = frames[:, 1] - frames[:, 3]  # CLOSED is the wall's axis, OPEN the last
    total = np.cumsum(difference.astype(np.float64))
    published = phase_signal(frames, questions, published=True)
    assert published == pytest.approx((total - total.mean()) / total.std(), abs=1e-5)
    assert abs(np.polyfit(np.arange(40), published, 1)[0]) > 0.05  # drifts: all similarities are positive
    turned = phase_signal(frames, questions)
    assert abs(np.polyfit(np.arange(40), turned, 1)[0]) < 1e-6
    assert turned.std() == pytest.approx(1.0)


def test_the_sign_is_one_bit_of_all_clips() -> None:
    time = np.arange(60)
    areas = [np.cos(2 * np.pi * time / 20 + shift) for shift in (0.0, 1.0)]
    assert calibrated_sign(areas, areas) == (1, pytest.approx(1.0))
    assert calibrated_sign([-area for area in areas], areas) == (-1, pytest.approx(1.0))
    sign, mean = calibrated_sign([areas[0], -0.5 * areas[1]], [areas[0], areas[1]])
    assert mean == pytest.approx(0.0, abs=1e-9)
    assert calibrated_sign([], [])[0] == 1
    assert np.isnan(calibrated_sign([], [])[1])
    assert sign in (-1, 1)


def test_events_are_peaks_and_troughs_else_the_extremum() -> None:
    time = np.arange(60)
    curve = np.cos(2 * np.pi * time / 20)
    assert phase_events(curve, 50) == Events((20, 40), (10, 30, 50))
    assert phase_events(np.array([3.0, 2.0, 1.0]), 50) == Events((0,), (2,))
    assert phase_events(np.ones(5), 50) == Events()
    fast = np.cos(2 * np.pi * time / 6)  # beats of 6 frames are possible at 8 fps, not at 50
    assert len(phase_events(fast, 8).es) == 10
    assert len(phase_events(fast, 50).es) == 5
