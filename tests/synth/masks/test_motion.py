import numpy as np
import pytest
from label_maps import HEARTS, areas, heart, lv_only

from echodfkd.beats import detect_events
from echodfkd.clip import Label
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.masks.complete import complete
from echodfkd.synth.masks.maps import LabelMap, LabelVideo
from echodfkd.synth.masks.motion import MOTIONS, Beat, make_motion, prescribed, static
from echodfkd.volume import clip_volumes, disk_volume, ejection_fraction


def beating(map_: LabelMap, ef: float, seed: int = 0, **more: float) -> LabelVideo:
    beat = Beat(**({"frames": 24, "fps": 20.0, "rate": 60.0, "phase": 0.9} | more), ef=ef)  # type: ignore[arg-type]
    return prescribed(map_, np.random.default_rng(seed), beat)


def measured_ef(video: LabelVideo) -> float:
    """EF of the masks themselves in the frames said to be ED and ES."""
    assert video.ed_frames is not None
    assert video.es_frames is not None
    edv, esv = (
        disk_volume(video.mask[frames[0]] == Label.LV).volume_ml
        for frames in (video.ed_frames, video.es_frames)
    )
    return ejection_fraction(edv, esv)


@pytest.mark.parametrize("ef", [15, 30, 45, 60, 75])
def test_the_ef_asked_for_is_met(ef: float) -> None:
    for map_ in (*map(heart, HEARTS), complete(lv_only())):
        video = beating(map_, ef, frames=16, fps=16.0)
        assert video.ef == pytest.approx(ef, abs=1)
        assert measured_ef(video) == pytest.approx(video.ef, abs=1e-6)


@pytest.mark.parametrize("ef", [5, 90])
def test_the_ends_of_the_range(ef: float) -> None:
    assert beating(heart(2), ef).ef == pytest.approx(ef, abs=1)


@pytest.mark.parametrize("rate", [45.0, 75.0, 130.0])
def test_ed_is_the_largest_and_es_the_smallest_at_the_right_rate(rate: float) -> None:
    video = beating(heart(3), 55, frames=120, fps=50.0, rate=rate, phase=0.3)
    volumes = clip_volumes(video.mask == Label.LV)
    assert video.ed_frames is not None
    assert video.es_frames is not None
    assert volumes[list(video.ed_frames)] == pytest.approx(volumes.max(), rel=1e-6)
    assert volumes[list(video.es_frames)] == pytest.approx(volumes.min(), rel=1e-6)
    assert np.diff(video.ed_frames) == pytest.approx(50 * 60 / rate, abs=1)
    found = detect_events(areas(video.mask, Label.LV), 50.0)
    inner = [frame for frame in video.es_frames if 5 < frame < 115]
    assert inner
    assert all(np.abs(np.subtract(found.es, frame)).min() <= 3 for frame in inner)


def test_the_phase_says_where_the_clip_begins() -> None:
    assert beating(heart(3), 55, phase=0.0).ed_frames == (0, 20)
    assert beating(heart(3), 55, phase=0.5).ed_frames == (10,)
    drawn = {beating(heart(3), 55, seed, phase=None).ed_frames for seed in range(4)}  # type: ignore[arg-type]
    assert len(drawn) > 1


def test_the_mask_stays_where_it_belongs() -> None:
    video = beating(heart(3), 75)
    ed = video.mask[video.ed_frames[0]] if video.ed_frames else video.mask[0]
    for frame in video.mask:
        lv = frame == Label.LV
        assert not (lv[0].any() or lv[-1].any() or lv[:, 0].any() or lv[:, -1].any())
        assert (lv & ~np.isin(ed, (Label.LV, Label.MYOCARDIUM))).mean() < 0.001  # the LV swells nowhere
    assert np.array_equal(video.cone, heart(3).cone)
    assert video.mask.shape == (24, 112, 112)


def test_volumes_in_ml_where_the_spacing_is_known() -> None:
    video = beating(heart(3), 60)
    spacing = heart(3).spacing_mm
    assert spacing is not None
    assert video.ed_frames is not None
    ed = video.mask[video.ed_frames[0]] == Label.LV
    assert video.edv_ml == pytest.approx(disk_volume(ed, (spacing, spacing)).volume_ml, rel=1e-6)
    assert video.esv_ml == pytest.approx(video.edv_ml * (1 - (video.ef or 0) / 100), rel=1e-6)
    assert beating(heart(3).with_(spacing_mm=None), 60).edv_ml is None


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again, other = (beating(heart(1), 50, seed) for seed in (7, 7, 8))
    assert first.mask.tobytes() == again.mask.tobytes()
    assert first.ef == again.ef
    assert first.mask.tobytes() != other.mask.tobytes()
    longer = beating(heart(1), 50, 7, frames=30)
    assert longer.mask[:24].tobytes() == first.mask.tobytes()


def test_a_drawn_rate_is_one_that_the_frame_rate_shows() -> None:
    for seed in range(12):
        video = beating(heart(1), 50, seed, frames=30, fps=4.0, rate=None)  # type: ignore[arg-type]
        assert video.ed_frames is not None
        assert np.diff(video.ed_frames).min() >= 4


def test_static_repeats_and_knows_no_events() -> None:
    video = static(heart(0), np.random.default_rng(0), Beat(3, 50.0, 60))
    assert np.array_equal(video.mask, np.stack([heart(0).classes] * 3))
    assert (video.ed_frames, video.es_frames, video.ef, video.edv_ml) == (None, None, None, None)


def test_names() -> None:
    assert make_motion("prescribed") is prescribed
    assert list(MOTIONS) == ["prescribed", "static"]
    with pytest.raises(UsageError, match="unknown motion 'wild'; choose from: prescribed, static"):
        make_motion("wild")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"ef": 95}, "EF must be 5 to 90 %, got 95"),
        ({"ef": float("nan")}, "EF must be 5 to 90 %, got nan"),
        ({"rate": 20}, "rate must be 40 to 140 beats per minute, got 20"),
        ({"phase": 1.5}, "start phase must be 0 to 1 of a beat, got 1.5"),
        ({"frames": 0}, "a clip needs at least one frame, got 0"),
        ({"fps": 3.0, "rate": 60}, "3 Hz is less than 4 frames per beat: raise the frame rate"),
        ({"fps": float("nan")}, "nan Hz is less than 4 frames per beat"),
    ],
)
def test_bad_beats(asked: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Beat(**({"frames": 8, "fps": 50.0, "ef": 60.0} | asked))  # type: ignore[arg-type]


def test_an_lv_that_cannot_beat() -> None:
    bar = np.zeros((112, 112), np.uint8)
    bar[50:56, 50:53] = Label.LV  # a pixel more or less is a tenth of it
    with pytest.raises(EchoError, match=r"cannot beat with an EF of 5 %: .* % is the nearest"):
        beating(LabelMap(bar), 5)
