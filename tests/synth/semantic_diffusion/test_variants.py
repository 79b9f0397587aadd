import numpy as np
import pytest
import torch

from echodfkd.clip import Label
from echodfkd.labels import detect_scheme, to_ours
from echodfkd.synth.masks.draw import drawn_map
from echodfkd.synth.semantic_diffusion.variants import TOLD, edmlx, mask_value, variant_of, view_value


def test_labels_are_edmlx_s_and_come_back() -> None:
    map_ = drawn_map(5, 0)
    assert map_.cone is not None
    theirs = edmlx(map_.classes, map_.cone)
    assert {*np.unique(theirs)} == {0, 1, 2, 3, 4}
    assert detect_scheme(theirs) == "edmlx"
    ours = np.where(np.isin(map_.classes, TOLD) & map_.cone, map_.classes, 0)
    assert np.array_equal(to_ours(theirs, "edmlx"), ours)
    assert np.array_equal(theirs == 0, ~map_.cone)
    assert (theirs[map_.cone & (map_.classes == Label.RV)] == 2).all()


def test_a_network_is_told_one_class_for_each_pixel() -> None:
    map_ = drawn_map(5, 1)
    assert map_.cone is not None
    value = mask_value(map_.classes[None, None], map_.cone[None])
    assert value.shape == (1, 5, 1, 112, 112)
    assert torch.equal(value.sum(1), torch.ones(1, 1, 112, 112))
    assert np.array_equal(value[0, 1, 0].numpy() > 0, map_.lv & map_.cone)


def test_views_are_numbered() -> None:
    assert view_value(["a2c", "a4c", None]).tolist() == [[1], [0], [0]]


@pytest.mark.parametrize(
    ("name", "factor", "behind"), [("", 4, "vae-64"), ("gamma-128", 2, "vae-128"), ("vp", 1, "")]
)
def test_variants_work_behind_their_codec(name: str, factor: int, behind: str) -> None:
    assert (variant_of(name).factor, variant_of(name).behind) == (factor, behind)
