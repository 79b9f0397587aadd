import numpy as np
import pytest
from dark_cavity import FPS, beating

from echodfkd.beats import Beat
from echodfkd.errors import EchoError
from echodfkd.segment.measure import Findings, beat_result, measure, no_lv


def rectangle(height: int, width: int) -> np.ndarray:
    mask = np.zeros((120, 120), bool)
    mask[20 : 20 + height, 40 : 40 + width] = True
    return mask


def of(
    video_mask: np.ndarray, fps: float | None = FPS, spacing: tuple[float, float] | None = None
) -> Findings:
    area = video_mask.sum(axis=(1, 2)).astype(float)
    return measure(
        area, lambda index: video_mask[index], sector_px=video_mask[0].size, fps=fps, spacing_mm=spacing
    )


def test_ef_of_shapes_that_shrink_alike_is_one_minus_the_cube_of_the_scale() -> None:
    found = of(beating(50, beat=20, shrink=0.75)[1])
    assert found.ef == pytest.approx(100 * (1 - 0.75**3), abs=3.0)  # 57.8
    assert all(beat.es - beat.ed == pytest.approx(10, abs=1) for beat in found.beats)
    assert found.heart_rate_bpm == pytest.approx(60 * FPS / 20, rel=0.06)


def test_ef_is_the_same_with_and_without_a_square_spacing() -> None:
    mask = beating(50)[1]
    without, with_spacing = of(mask), of(mask, spacing=(0.8, 0.8))
    assert with_spacing.ef == pytest.approx(without.ef, abs=0.5)
    assert without.beats[0].edv_ml is None
    assert any("Pixel spacing unknown" in warning for warning in without.warnings)
    assert not any("Pixel spacing" in warning for warning in with_spacing.warnings)


def test_volumes_of_cylinders() -> None:
    ed, es = rectangle(60, 30), rectangle(60, 15)  # half the diameter: a quarter of the volume
    beat = beat_result(Beat(3, 9, True), ed, es, (1.0, 1.0))
    assert beat.length_ed_mm == pytest.approx(60, rel=0.05)
    assert beat.edv_ml == pytest.approx(np.pi / 4 * 30**2 * 60 / 1000, rel=0.08)
    assert beat.ef == pytest.approx(75, abs=3)
    assert (beat.ed, beat.es, beat.complete) == (3, 9, True)


def test_a_beat_without_a_mask_is_left_out_with_a_reason() -> None:
    with pytest.raises(EchoError, match="empty or too small"):
        beat_result(Beat(0, 1, True), rectangle(60, 30), np.zeros((120, 120), bool), None)


def test_half_a_beat_gives_its_ef_and_says_so() -> None:
    found = of(beating(11, beat=20)[1])
    assert [beat.complete for beat in found.beats] == [False]
    assert found.ef == found.beats[0].ef
    assert "No complete beat: EF is that of half a beat." in found.warnings


def test_filling_alone_is_half_a_beat_too() -> None:
    found = of(beating(31, beat=30)[1][15:])  # from ES to the next ED
    (beat,) = found.beats
    assert beat.es < beat.ed
    assert not beat.complete
    assert found.ef == pytest.approx(57.8, abs=4)
    assert "No complete beat: EF is that of half a beat." in found.warnings


def test_a_heart_that_stands_still_has_no_beat() -> None:
    found = of(np.repeat(beating(1)[1], 30, axis=0))
    assert found.ef is None
    assert found.beats == ()
    assert any("No beat found" in warning for warning in found.warnings)


def test_without_fps_there_is_no_heart_rate_but_an_ef() -> None:
    found = of(beating(50)[1], fps=None)
    assert found.heart_rate_bpm is None
    assert found.ef is not None
    assert any("--fps" in warning for warning in found.warnings)


def test_a_single_frame_has_a_mask_but_no_ef() -> None:
    found = of(beating(1)[1])
    assert found.ef is None
    assert found.warnings == ("A single frame: a mask, but no beat and no EF.",)


@pytest.mark.parametrize(
    ("area", "message"),
    [
        ([0, 0, 0], "a mask in only 0% of the frames"),
        ([900, 0, 0], "a mask in only 33% of the frames"),
        ([40, 40, 40], "fills 0.4% of the sector"),
        ([6000, 6000, 6000], "fills 60.0% of the sector"),
    ],
)
def test_what_is_no_lv(area: list[float], message: str) -> None:
    reason = no_lv(np.array(area, float), 10_000)
    assert reason is not None
    assert message in reason
    assert reason.startswith("No LV found")


def test_what_may_be_one() -> None:
    assert no_lv(np.array([1500.0, 0, 900, 1200]), 10_000) is None
