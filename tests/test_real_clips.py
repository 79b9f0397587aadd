"""The embedded student on real clips that nothing was trained or tuned on. Skipped where there are none."""

from pathlib import Path

import numpy as np
import pytest

from echodfkd.eval.dice import dice_per_image
from echodfkd.readers import open_source, read_clip
from echodfkd.readers.example import example_path
from echodfkd.segment.pipeline import segment
from echodfkd.students.load import load_student


def test_every_frame_of_the_real_cine_has_one_plausible_lv() -> None:
    found = segment(open_source(example_path()), load_student("default", "cpu"))
    area_cm2 = found.result.area_px * np.prod(found.result.spacing_mm or (np.nan, np.nan)) / 100
    assert len(area_cm2) == 30
    assert area_cm2.min() > 8
    assert area_cm2.max() < 60
    assert found.result.ef is not None
    assert 20 < found.result.ef < 80
    assert not any("No LV" in warning for warning in found.result.warnings)


@pytest.mark.parametrize("name", ["0X10A28877E97DF540", "0X1167650B8BEFF863", "0X129133A90A61A59D"])
def test_masks_lie_on_the_lv_of_real_clips(real_clips: Path, name: str) -> None:
    path = real_clips / "echonet" / f"{name}.npz"
    clip = read_clip(path)
    assert clip.lv is not None
    masks = np.concatenate(list(segment(open_source(path), load_student("default", "cpu")).soft.masks()))
    dice = dice_per_image(masks, clip.lv)  # agreement with the teacher that made these masks
    assert masks.any((1, 2)).all()
    assert dice.mean() > 0.8
    assert dice.min() > 0.6
