import numpy as np
import pytest
from beating_curves import ellipse_curves

from echodfkd.heads.augment import MIN_FPS, augmented, taken
from echodfkd.heads.curves import ClipCurves
from echodfkd.heads.samples import masks_ef

CLIP = ellipse_curves(100, fps=50.0, beat=40)


def same(a: ClipCurves, b: ClipCurves) -> bool:
    return a.fps == b.fps and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("rows", "area", "volume", "ed", "es")
    )


def test_taken_frames_keep_their_events() -> None:
    part = taken(CLIP, 10, 90, 2)
    assert len(part) == 40
    assert part.fps == 25
    assert part.ed.tolist() == [15, 35]  # 40 and 80
    assert part.es.tolist() == [5, 25]  # 20 and 60
    np.testing.assert_array_equal(part.area, CLIP.area[10:90:2])


def test_randomness_comes_from_the_generator_alone() -> None:
    one, two, other = (augmented(CLIP, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert same(one, two)
    assert not same(one, other)


def test_every_draw_is_a_whole_clip() -> None:
    for seed in range(200):
        drawn = augmented(CLIP, np.random.default_rng(seed))
        assert len(drawn) >= 5  # half a beat may be shorter
        assert drawn.fps >= MIN_FPS
        assert len(drawn.rows) == len(drawn.area) == len(drawn.volume) == len(drawn.fullness)
        for events in (drawn.ed, drawn.es):
            assert ((events >= 0) & (events <= len(drawn) - 1)).all()
        assert drawn.ef == CLIP.ef


def test_masks_become_too_large_at_es_not_at_ed() -> None:
    """So the masks' own EF falls on average, while the true one stays."""
    draws = [augmented(CLIP, np.random.default_rng(seed)) for seed in range(120)]
    found = [ef for clip in draws if (ef := masks_ef(clip.area, clip.volume, clip.fps)[0]) is not None]
    assert len(found) > 90
    exact, _ = masks_ef(CLIP.area, CLIP.volume, CLIP.fps)
    assert exact == pytest.approx(57.8, abs=2.5)
    assert exact - 8 < float(np.median(found)) < exact - 0.5
