from dataclasses import replace

import numpy as np
import pytest
import torch
from beating_curves import ellipse_curves

from echodfkd.heads.augment import taken
from echodfkd.heads.samples import batch_of, masks_ef, training_batch

CLIP = ellipse_curves(50, fps=25.0, beat=20)
SHORT = ellipse_curves(16, fps=8.0, beat=8, shrink=0.9)


def test_heat_is_hottest_at_the_events() -> None:
    batch = batch_of([CLIP])
    ed, es = batch.heat[0].numpy()
    at_ed, at_es = (np.round(np.array(f) / 25 * 30).astype(int) for f in ((0, 20, 40), (10, 30)))
    assert ed[at_ed] == pytest.approx(1, abs=0.1)
    assert es[at_es] == pytest.approx(1, abs=0.1)
    assert ed[at_es] == pytest.approx(0, abs=1e-3)
    assert batch.fullness[0].numpy()[at_ed] == pytest.approx(1, abs=0.05)
    assert batch.fullness[0].numpy()[at_es] == pytest.approx(0, abs=0.05)


def test_shorter_clips_are_padded() -> None:
    batch = batch_of([CLIP, SHORT])
    assert batch.inside.sum(1).tolist() == [59, 57]
    assert not batch.curves[1, :, 57:].any()
    assert batch.ef.tolist() == pytest.approx([57.8, 27.1], abs=0.1)
    assert batch.lv.tolist() == [1, 1]


def test_the_masks_own_ef_goes_in() -> None:
    ef, half = masks_ef(CLIP.area, CLIP.volume, 25.0)
    assert ef == pytest.approx(57.8, abs=2.5)
    assert not half
    naive = batch_of([CLIP]).naive[0].tolist()
    assert naive == pytest.approx([ef / 100 - 0.5, 1, 0], abs=1e-5)


@pytest.mark.parametrize(("start", "stop"), [(0, 11), (10, 21)])  # ED to ES, ES to ED
def test_half_a_beat_has_its_ef(start: int, stop: int) -> None:
    part = taken(CLIP, start, stop)
    ef, half = masks_ef(part.area, part.volume, part.fps)
    assert half
    assert ef == pytest.approx(57.8, abs=2.5)


def test_what_has_no_beat_or_no_lv_teaches_no_ef() -> None:
    still = taken(CLIP, 0, 1)
    frozen = replace(CLIP, area=np.full(50, 900.0))
    foreign = replace(CLIP, ef=float("nan"))
    batch = batch_of([still, frozen, foreign])
    assert torch.isnan(batch.ef).all()
    assert batch.lv.tolist() == [1, 1, 0]
    assert batch.naive[:2, 1].tolist() == [0, 0]


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    one, two, other = (training_batch([CLIP, SHORT], 4, 7, step) for step in (2, 2, 3))
    assert torch.equal(one.curves, two.curves)
    assert one.curves.shape != other.curves.shape or not torch.equal(one.curves, other.curves)
