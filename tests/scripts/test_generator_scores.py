"""What is measured of generators."""

import dataclasses
import math

import numpy as np
import pytest
from generator_scores import HEAD, Score, drawn, judged, row

from echodfkd.clip import Clip
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.teachers import load_teacher

FRAMES, CLIPS = 16, 8


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    seconds: list[float] = []
    found = list(drawn(SimGenerator(frames=FRAMES, fps=16.0, ef=(15, 75)), 5, CLIPS, seconds))
    assert len(seconds) == CLIPS and min(seconds) > 0
    return found


@pytest.fixture(scope="module")
def scored(clips: list[Clip]) -> Score:
    return judged(clips, load_teacher("tiny", device="cpu"), "sim", 0.5)


def test_clips_that_show_their_masks_score_well(scored: Score) -> None:
    assert len(scored.dice) == CLIPS and np.mean(scored.dice) > 0.85
    assert scored.asked == tuple(scored.asked) and len(scored.measured) == CLIPS


def test_clips_that_show_other_masks_do_not(clips: list[Clip], scored: Score) -> None:
    others = [
        clip.with_(frames=other.frames) for clip, other in zip(clips, clips[1:] + clips[:1], strict=True)
    ]
    swapped = judged(others, load_teacher("tiny", device="cpu"), "swapped", 0.5)
    assert np.mean(swapped.dice) < np.mean(scored.dice) - 0.2


def test_clips_without_masks_have_no_agreement(clips: list[Clip]) -> None:
    bare = judged([clip.with_(mask=None) for clip in clips], load_teacher("tiny", device="cpu"), "bare", 0.5)
    assert bare.dice == () and "| – |" in row(bare)


def test_pearson_leaves_clips_without_a_beat_out(scored: Score) -> None:
    nan = float("nan")
    one = dataclasses.replace(scored, asked=(20.0, 40.0, 60.0, 70.0), measured=(21.0, 39.0, nan, 72.0))
    assert one.pearson == pytest.approx(np.corrcoef([20, 40, 70], [21, 39, 72])[0, 1])
    assert math.isnan(dataclasses.replace(one, measured=(nan, nan, nan, 1.0)).pearson)


def test_a_row_has_as_many_cells_as_the_head(scored: Score) -> None:
    assert row(scored).count("|") == HEAD.splitlines()[0].count("|")
