import numpy as np
import pytest

from echodfkd.readers import open_source
from echodfkd.readers.example import example_cine, example_path
from echodfkd.sector import crop, find_sector


def test_the_cine_is_pydicoms_own() -> None:
    source = open_source(example_path())
    assert (source.name, source.shape, source.n_frames) == ("examples_ybr_color", (240, 320), 30)
    assert source.fps == pytest.approx(1000 / 33.3, abs=0.1)


def test_it_is_cut_to_its_fan() -> None:
    clip = example_cine()
    assert clip.frames.shape == (30, 112, 112)
    assert clip.fps == pytest.approx(30.0, abs=0.1)
    assert clip.name == "examples_ybr_color"
    seen = clip.frames.any(axis=0)
    width = seen.sum(axis=1)
    assert 0 < width[2] < 70 < width[56]  # narrow at the probe, as wide as the picture in the middle
    corners = [frame for rows in (slice(8), slice(-4, None)) for frame in (seen[rows, :8], seen[rows, -8:])]
    assert not any(corner.any() for corner in corners)  # black beside the probe and below the arc
    assert 0.55 < seen.mean() < 0.85
    assert np.abs(np.diff(clip.frames.astype(int), axis=0)).mean() > 1  # the heart moves


def test_what_lies_around_the_fan_is_gone() -> None:
    """The scanner's text, scales and marks stand outside the fan."""
    whole = np.stack(list(open_source(example_path()).frames()))
    sector = find_sector(whole)
    assert sector.is_fan
    assert whole[:, ~sector.mask].any()
    fan = crop(np.full_like(whole[:1], 255), sector, 112)[0] > 0
    assert not example_cine().frames[:, ~fan].any()
    assert example_cine().frames[:, fan].any(axis=0).mean() > 0.95


def test_another_size() -> None:
    assert example_cine(64).frames.shape == (30, 64, 64)
