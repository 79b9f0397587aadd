import numpy as np
import pytest

from echodfkd.clip import Label
from echodfkd.errors import UsageError
from echodfkd.synth.masks.draw import drawn_map, drawn_video
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.volume import disk_volume


@pytest.mark.parametrize("settings", [{}, {"preset": "camus", "view": "a2c", "convention": "camus"}])
def test_a_drawn_video_is_the_clip_without_its_pixels(settings: dict[str, str]) -> None:
    generator = SimGenerator(frames=5, size=64, fps=10.0, **settings)  # type: ignore[arg-type]
    clip, video = generator.clip(3, 2), drawn_video(generator, 3, 2)
    assert clip.mask is not None
    assert clip.sector is not None
    assert video.mask.tobytes() == clip.mask.tobytes()
    assert video.cone is not None
    assert video.cone.tobytes() == clip.sector.tobytes()
    assert (video.ed_frames, video.es_frames) == (clip.ed_frames, clip.es_frames)
    assert (video.ef, video.edv_ml, video.esv_ml, video.fps) == (clip.ef, clip.edv_ml, clip.esv_ml, 10.0)


def test_a_drawn_map_is_the_heart_of_that_clip_at_ed() -> None:
    clip, map_ = SimGenerator(frames=1).clip(3, 2), drawn_map(3, 2)
    assert map_.spacing_mm is not None
    assert clip.spacing_mm == (map_.spacing_mm, map_.spacing_mm)
    assert clip.sector is not None
    assert np.array_equal(map_.cone, clip.sector)
    assert disk_volume(map_.lv, clip.spacing_mm).volume_ml == pytest.approx(clip.edv_ml)


def test_seed_and_index_decide() -> None:
    assert drawn_map(3, 2).classes.tobytes() == drawn_map(3, 2).classes.tobytes()
    others = {drawn_map(*of).classes.tobytes() for of in ((3, 2), (3, 3), (4, 2))}
    assert len(others) == 3
    assert not np.isin(drawn_map(3, 2, view="a2c", size=64).classes, (Label.RV, Label.RA)).any()


def test_a_view_without_an_apical_lv() -> None:
    with pytest.raises(UsageError, match="the view 'plax' shows no apical LV: choose a4c or a2c"):
        drawn_map(0, 0, view="plax")
    with pytest.raises(UsageError, match="unknown preset 'mri'"):
        drawn_map(0, 0, preset="mri")
