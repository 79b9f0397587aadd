from dataclasses import replace

import numpy as np
import pytest

from echodfkd.clip import Label
from echodfkd.errors import UsageError
from echodfkd.synth import GENERATORS, make_generator, training_generators
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.views import VIEWS
from echodfkd.volume import clip_volumes


def test_a_clip_depends_on_seed_and_index_alone() -> None:
    one, other = SimGenerator(frames=4), SimGenerator(frames=4)
    other.clip(1, 0)
    a, b = one.clip(1, 5), other.clip(1, 5)
    assert np.array_equal(a.frames, b.frames)
    assert a.mask is not None
    assert b.mask is not None
    assert np.array_equal(a.mask, b.mask)
    assert not np.array_equal(a.frames, one.clip(1, 6).frames)
    assert not np.array_equal(a.frames, one.clip(2, 5).frames)


def test_every_chamber_is_labelled_and_the_lv_in_every_frame() -> None:
    seen: set[int] = set()
    for index in range(4):  # the picture may end above the atria of one clip, not of all
        mask = SimGenerator(frames=6, fps=8).clip(0, index).mask
        assert mask is not None
        seen |= {int(label) for label in np.unique(mask)}
        for frame in mask:
            assert {Label.LV, Label.MYOCARDIUM} <= set(np.unique(frame))
    assert seen == set(Label)


def test_the_two_chamber_view_has_no_right_heart() -> None:
    clip = SimGenerator(frames=6, fps=8, view="a2c", ef=(55, 65)).clip(0, 1)
    assert clip.mask is not None
    assert set(np.unique(clip.mask)) == {Label.BACKGROUND, Label.LV, Label.MYOCARDIUM, Label.LA}
    assert clip.view == "a2c"
    assert clip.ef == pytest.approx(60, abs=7)


@pytest.mark.parametrize("view", [name for name, view in VIEWS.items() if not view.apical])
def test_negatives_hold_nothing_to_find(view: str) -> None:
    clip = SimGenerator(frames=5, fps=10, view=view).clip(0, 2)
    assert clip.lv is not None
    assert clip.mask is not None
    assert not clip.mask.any()
    assert (clip.ed_frames, clip.es_frames, clip.ef, clip.edv_ml, clip.view) == ((), (), None, None, view)
    assert clip.frames.std() > 5
    assert (clip.frames[0] != clip.frames[-1]).any()


def test_the_cavity_of_the_short_axis_contracts() -> None:
    scene, _, _ = SimGenerator(view="sax", ef=(60, 61)).scene(0, 0)
    full, empty = ((scene.labels(0.0, a) == 1).sum() for a in (0.0, 1.0))
    assert 0.3 < empty / full < 0.8


def test_the_cavity_is_widest_with_trabeculae_and_smallest_without_muscles() -> None:
    areas = {}
    for convention in ("anatomical", "echonet", "camus", "ase"):
        lv = SimGenerator(frames=1, convention=convention).clip(0, 4).lv
        assert lv is not None
        areas[convention] = int(lv.sum())
    assert areas["anatomical"] < areas["echonet"] < areas["camus"] < areas["ase"]


@pytest.mark.parametrize("view", ["a4c", "a2c"])
def test_the_mask_of_each_frame_is_that_of_its_moment(view: str) -> None:
    generator = SimGenerator(frames=4, fps=9, view=view, size=64)
    clip, (scene, _, _) = generator.clip(5, 1), generator.scene(5, 1)
    assert clip.mask is not None
    assert np.array_equal(clip.mask, [scene.mask(k / 9) for k in range(4)])
    assert not np.array_equal(clip.mask[0], clip.mask[2])


def test_hypertrophy_of_the_apex_thickens_the_apex() -> None:
    usual, sick = (SimGenerator(pathology=name).scene(0, 3)[0] for name in (None, "apical-hypertrophy"))
    assert sick.heart.wall[1] > 1.5 * usual.heart.wall[1]


def test_displacement_leads_back_to_the_tissue_of_ed() -> None:
    """The label found at a pixel is the one that lay `displacement` before it at ED."""
    generator = SimGenerator(frames=5, fps=12, ef=(55, 65))
    moved = generator.displacement(2, 0)
    assert moved.shape == (5, 112, 112, 2)
    scene, _, _ = generator.scene(2, 0)
    scene.pose = replace(scene.pose, drift=(0.0, 0.0), rocking=None)
    k = int(np.argmax([scene.contraction(t / 12) for t in range(5)]))
    now, before = scene.labels(k / 12, scene.contraction(k / 12)), scene.labels(0.0, 0.0)
    shift = np.round(scene.displacement(k / 12) / scene.geometry.spacing).astype(int)
    rows, columns = np.mgrid[30:80, 30:80]
    source = before[rows - shift[30:80, 30:80, 1], columns - shift[30:80, 30:80, 0]]
    assert np.abs(shift).max() >= 3
    assert (source == now[30:80, 30:80]).mean() > 0.9
    assert (before[30:80, 30:80] == now[30:80, 30:80]).mean() < 0.9


@pytest.mark.parametrize("size", [64, 112, 176])
def test_any_even_size(size: int) -> None:
    clip = SimGenerator(frames=1, size=size).clip(0, 1)
    assert clip.frames.shape == (1, size, size)
    assert clip.spacing_mm is not None
    assert 80 < clip.spacing_mm[0] * size < 250  # mm across the picture


@pytest.mark.parametrize("fps", [8.0, 50.0, 90.0])
def test_events_are_the_extrema_of_the_exact_area_at_any_frame_rate(fps: float) -> None:
    clip = SimGenerator(frames=int(2.2 * fps), fps=fps, ef=(55, 65)).clip(3, 2)
    assert clip.lv is not None
    area = clip.lv.sum((1, 2))
    assert clip.es_frames
    for frame in clip.es_frames:
        assert area[frame] <= 1.03 * area[max(0, frame - 1) : frame + 2].min()
    for frame in clip.ed_frames:
        assert area[frame] >= 0.97 * area[max(0, frame - 1) : frame + 2].max()


def test_the_ef_asked_for_is_the_ef_of_the_exact_mask() -> None:
    generator = SimGenerator(frames=1, ef=(35, 40))
    found = [clip.ef for clip in (generator.clip(0, i) for i in range(12))]
    assert all(ef is not None and 33 < ef < 42 for ef in found)


def test_the_clips_ef_agrees_with_its_own_masks() -> None:
    clip = SimGenerator(frames=60, fps=50, ef=(50, 60)).clip(4, 3)
    assert clip.lv is not None
    volumes = clip_volumes(clip.lv, (clip.spacing_mm or (1.0, 1.0)))
    assert clip.ef == pytest.approx(100 * (1 - volumes.min() / volumes.max()), abs=3)


def test_speckle_moves_with_the_tissue_neither_frozen_nor_redrawn() -> None:
    """Neighbouring frames of myocardium correlate strongly at 50 fps, frames half a beat apart weakly."""
    correlations = []
    for index in range(4):
        clip = SimGenerator(frames=20, fps=50, ef=(60, 65)).clip(8, index)
        assert clip.mask is not None
        wall = (clip.mask == Label.MYOCARDIUM).all(0)
        values = clip.frames[:, wall].astype(float)
        correlations.append([np.corrcoef(values[0], values[k])[0, 1] for k in (1, 19)])
    near, far = np.mean(correlations, 0)
    assert near > 0.6
    assert far < near - 0.1


def test_presets_look_different() -> None:
    pictures = {
        p: SimGenerator(frames=1, preset=p).clip(0, 0).frames for p in ("echonet", "camus", "handheld")
    }
    assert not np.array_equal(pictures["echonet"], pictures["handheld"])
    assert not np.array_equal(pictures["echonet"], pictures["camus"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "mri"}, "unknown preset 'mri'; choose from: camus, echonet, handheld"),
        ({"view": "a5c"}, "unknown view 'a5c'; choose from: a2c, a4c, none, plax, sax"),
        ({"convention": "mine"}, "choose from: anatomical, ase, camus, echonet"),
        ({"pathology": "flu"}, "choose from: apical-akinesia, apical-hypertrophy"),
        ({"depth": 3}, "generator 'sim'"),
    ],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_generator("sim", **options)


def test_unknown_generator_lists_the_choices() -> None:
    with pytest.raises(UsageError, match="choose from: sim"):
        make_generator("gan")
    with pytest.raises(UsageError, match="generator to train from"):
        training_generators("gan", 8)
    assert len(training_generators("sim", 8)) > 1
    assert {"sim", "echonet-synthetic"} <= set(GENERATORS)
