from dataclasses import replace

import numpy as np
import pytest
import torch

from echodfkd.clip import Clip, Label
from echodfkd.errors import EchoError
from echodfkd.eval.stills import (
    Learning,
    Stills,
    dice_of,
    hits_of,
    learn_masks,
    learn_phases,
    learn_views,
    phase_hits_of,
    stills_of,
    taught,
)


def heart(index: int, side: int = 32) -> Clip:
    """A bright wall round a dark LV, a grey atrium below: left in one view, right in the other."""
    rng = np.random.default_rng(index)
    middle = (10 if index % 2 == 0 else 21) + rng.integers(-1, 2)
    y, x = np.indices((side, side))
    mask = np.zeros((1, side, side), np.uint8)
    mask[0][np.hypot(x - middle, (y - 12) / 1.3) < 8] = Label.MYOCARDIUM
    mask[0][np.hypot(x - middle, (y - 12) / 1.3) < 5] = Label.LV
    mask[0][np.hypot(x - middle, y - 26) < 4] = Label.LA
    mask[0, :3, :3] = Label.RV
    grey = np.array([60, 10, 200, 120, 60, 60])[mask] + rng.normal(0, 8, mask.shape)
    frames, phase = grey.clip(0, 255).astype(np.uint8), ("ed_frames", "es_frames")[index % 2]
    return Clip(frames, mask=mask, view=("a4c", "a2c")[index % 2], **{phase: (0,)})  # type: ignore[arg-type]


def hearts(first: int, count: int) -> Stills:
    return stills_of((heart(first + index) for index in range(count)), 32)


def test_stills_are_the_middle_of_clips() -> None:
    frames = np.stack([np.full((8, 8), grey, np.uint8) for grey in (0, 100, 200)])
    stills = stills_of([Clip(frames, view="a2c", es_frames=(1,)), Clip(frames, ed_frames=(0,))], 4)
    assert stills.frames.tolist() == [[[100] * 4] * 4] * 2
    assert stills.masks is None
    assert (stills.views.tolist(), stills.phases.tolist()) == ([1, -1], [1, -1])
    masks = hearts(0, 2).masks
    assert masks is not None and set(np.unique(masks)) == {0, 1, 2, 3}  # the right heart is background


def test_a_segmenter_learns_from_stills_and_is_judged_on_others() -> None:
    before = dice_of(learn_masks(hearts(0, 16), Learning(1, 8, device="cpu")), hearts(100, 6))
    after = dice_of(learn_masks(hearts(0, 16), Learning(40, 8, 1e-2, device="cpu")), hearts(100, 6))
    assert set(after) == {"endo", "epi", "atrium"} and after["endo"].shape == (6,)
    assert after["endo"].mean() > max(0.8, before["endo"].mean() + 0.2)


def test_a_classifier_learns_views() -> None:
    network = learn_views(hearts(0, 16), Learning(25, 8, device="cpu"))
    judges = hearts(100, 10)
    hits = hits_of(network, judges)
    assert hits.mean() >= 0.8
    assert np.array_equal(hits_of(network, judges, "a4c"), hits == (judges.views == 0))


def test_a_classifier_learns_phases_with_the_same_code() -> None:
    learning = Learning(25, 8, device="cpu")
    network, judges = learn_phases(hearts(0, 16), learning), hearts(100, 10)
    assert phase_hits_of(network, judges).mean() >= 0.8
    assert np.array_equal(phase_hits_of(network, judges), hits_of(network, judges)), "here ED is A4C"


def test_dice_counts_the_wall_into_the_outline() -> None:
    class Told(torch.nn.Linear):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:  # LV and wall swapped
            swapped = torch.tensor([0, 2, 1, 3])[torch.from_numpy(judges.masks).long()]
            return torch.nn.functional.one_hot(swapped, 4).permute(0, 3, 1, 2)

    judges = hearts(0, 3)
    dice = dice_of(Told(1, 1), judges)
    assert dice["epi"].tolist() == dice["atrium"].tolist() == [1, 1, 1]
    assert dice["endo"].tolist() == [0, 0, 0]


def test_what_both_sets_know_is_taught() -> None:
    stills, judges, learning = hearts(0, 8), hearts(100, 4), Learning(2, 4, device="cpu")
    assert {*taught(stills, judges, learning)} == {
        "dice_endo",
        "dice_epi",
        "dice_atrium",
        "views",
        "phases",
    }
    plain = replace(stills, masks=None, phases=np.where(stills.phases == 0, -1, 1))
    assert {*taught(plain, judges, learning, real=judges)} == {"views", "real_a4c"}


def test_what_is_missing_is_said() -> None:
    plain = stills_of([Clip(np.zeros((1, 8, 8), np.uint8))], 8)
    with pytest.raises(EchoError, match="without masks"):
        learn_masks(plain, Learning(1))
    with pytest.raises(EchoError, match="unknown views"):
        learn_views(plain, Learning(1))
    with pytest.raises(EchoError, match="unknown phases"):
        learn_phases(plain, Learning(1))
    with pytest.raises(EchoError, match="judge no segmenter"):
        dice_of(torch.nn.Linear(1, 1), plain)
    with pytest.raises(EchoError, match="no clips"):
        stills_of([], 8)
