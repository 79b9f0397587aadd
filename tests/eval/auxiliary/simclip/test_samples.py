from pathlib import Path

import numpy as np
import pytest
from simclip_material import Ellipses

from echodfkd.eval.auxiliary.simclip.captions import GROUPS, PERCENT
from echodfkd.eval.auxiliary.simclip.clips import Material, material
from echodfkd.eval.auxiliary.simclip.paint import alone, blacked_out, in_negative
from echodfkd.eval.auxiliary.simclip.samples import PictureBatches, shares, varied


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder: Path = tmp_path_factory.mktemp("clips")
    return material([Ellipses()], 0, 8, folder)


def test_a_batch_depends_on_seed_and_number_alone(clips: Material) -> None:
    batches = PictureBatches(clips, 5, 10, 6)
    assert len(batches) == 10
    first, again = batches[3], PictureBatches(clips, 5, 99, 6)[3]
    assert np.array_equal(first.frames, again.frames)
    assert all(np.array_equal(first.labels[name], again.labels[name]) for name in GROUPS)
    assert not np.array_equal(first.frames, batches[4].frames)


def test_overlap_is_the_dice_of_the_cells(clips: Material) -> None:
    batch = PictureBatches(clips, 1, 1, 200, augment=False)[0]
    label = batch.labels["overlap"]
    known = label.any(1)
    lv, masked, both = batch.cells[known].sum((2, 3)).T
    dice = np.where(lv + masked > 0, 200 * both / np.maximum(lv + masked, 1e-6), 100)
    assert label[known] @ np.array([float(value) for value in PERCENT]) == pytest.approx(dice, abs=0.1)
    assert 80 < known.sum() < 160
    for name, group in GROUPS.items():
        assert batch.labels[name].shape == (200, len(group.fill))
        assert batch.labels[name].any()
        assert set(batch.labels[name].sum(1).round(3)) <= {0.0, 1.0}


def test_three_ways_to_show_a_mask() -> None:
    frames = np.array([[[10, 20], [30, 40]]], np.uint8)
    masks = np.array([[[True, False], [False, True]]])
    assert blacked_out(frames, masks).tolist() == [[[0, 20], [30, 0]]]
    assert alone(frames, masks).tolist() == [[[10, 0], [0, 40]]]
    assert in_negative(frames, masks).tolist() == [[[245, 20], [30, 215]]]


def test_shares_of_cells() -> None:
    masks = np.zeros((1, 16, 16), bool)
    masks[0, :4, 8:] = True
    assert shares(masks).tolist() == [[[0, 0.5], [0, 0]]]


def test_varied_frames_keep_their_masks(clips: Material) -> None:
    grey, tissues = clips.frames[0, 0], clips.tissues[0, 0]
    found, moved = varied(np.random.default_rng(0), grey, tissues)
    assert set(np.unique(moved)) <= set(np.unique(tissues)) | {0}
    assert not np.array_equal(found, grey)
    assert found[moved == 1].mean() < found[moved == 2].mean()  # the cavity is still the dark part
