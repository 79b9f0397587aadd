import numpy as np
import pytest
import torch
from beating_curves import Soft, soft
from dark_cavity import FPS, beating

from echodfkd.beats import Beat
from echodfkd.errors import EchoError
from echodfkd.heads.features import frame_features
from echodfkd.heads.head import Head
from echodfkd.heads.network import HeadNetwork
from echodfkd.segment.measure import Findings, beat_result, measure, no_lv


def rectangle(height: int, width: int) -> np.ndarray:
    mask = np.zeros((120, 120), bool)
    mask[20 : 20 + height, 40 : 40 + width] = True
    return mask


def of(
    video_mask: np.ndarray,
    fps: float | None = FPS,
    spacing: tuple[float, float] | None = None,
    head: Head | None = None,
) -> Findings:
    return measure(
        video_mask.sum(axis=(1, 2)).astype(float),
        lambda index: video_mask[index],
        sector_px=video_mask[0].size,
        fps=fps,
        spacing_mm=spacing,
        head=head,
        rows=None if head is None else frame_features(soft(video_mask)),
    )


def head(lv: float, share: float = 0.0, limit: float | None = 0.3) -> Head:
    """A head that adds 7 points and gives quantiles 5 points away, whatever it sees; `lv` in logits."""
    torch.manual_seed(0)
    network = HeadNetwork().eval()
    with torch.no_grad():
        network.clip[2].weight.zero_()
        network.timed.weight.zero_()
        network.clip[2].bias[:] = torch.tensor([0.7, -0.4328, -0.4328, lv])  # softplus(-.4328) = .5
    return Head(network, "soft", Soft.digest, share=share, lv_limit=limit)


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


def test_a_head_corrects_the_ef_and_gives_an_interval() -> None:
    mask = beating(50, beat=20, shrink=0.85)[1]
    plain, found = of(mask), of(mask, head=head(lv=4.0, share=0.5))
    assert plain.ef is not None
    assert found.ef is not None
    assert (plain.ef_method, plain.ef_interval) == ("MOD-A4C", None)
    assert found.ef_method == "learned-head:soft"
    own = np.mean([beat.ef for beat in found.beats if beat.complete])
    assert found.ef == pytest.approx(own + 3.5, abs=0.01)
    assert found.ef_interval == pytest.approx((found.ef - 5, found.ef + 5), abs=0.01)
    assert len(found.beats) == len(plain.beats)
    assert all(beat.confidence is not None and 0 <= beat.confidence <= 1 for beat in found.beats)
    assert all(beat.confidence is None for beat in plain.beats)


def test_a_head_that_sees_no_apical_lv_leaves_ef_null() -> None:
    found = of(beating(50)[1], head=head(lv=-3.0))
    assert (found.ef, found.ef_interval, found.beats, found.ef_method) == (None, None, (), "MOD-A4C")
    assert found.warnings[0].startswith("No LV found: this is no apical view")
    unasked = of(beating(50)[1], head=head(lv=-3.0, limit=None))
    assert unasked.ef is not None


def test_a_head_in_doubt_says_so_and_gives_the_ef() -> None:
    found = of(beating(50)[1], head=head(lv=-0.6))
    assert (found.ef, found.ef_method, found.ef_interval) == (of(beating(50)[1]).ef, "MOD-A4C", None)
    assert found.warnings[-1].startswith("This may be no apical view by the look of its curves (35%)")
    assert "apical" not in " ".join(of(beating(50)[1], head=head(lv=0.1)).warnings)


@pytest.mark.parametrize(("start", "stop", "beat"), [(0, 11, 20), (15, 31, 30)])  # ED to ES, ES to ED
def test_half_a_beat_has_its_ef_with_a_head_too(start: int, stop: int, beat: int) -> None:
    found = of(beating(31, beat=beat)[1][start:stop], head=head(lv=4.0))
    assert [one.complete for one in found.beats] == [False]
    assert found.ef == pytest.approx(57.8, abs=4)
    assert "No complete beat: EF is that of half a beat." in found.warnings


def test_a_head_makes_no_beat_of_a_heart_that_stands_still() -> None:
    found = of(np.repeat(beating(1)[1], 30, axis=0), head=head(lv=4.0))
    assert (found.ef, found.beats, found.ef_interval) == (None, (), None)


def test_a_head_reads_clips_of_unknown_rate() -> None:
    found = of(beating(50)[1], fps=None, head=head(lv=4.0))
    assert found.heart_rate_bpm is None
    assert found.ef_interval is not None


def test_a_head_reads_clips_of_absurdly_low_rate_within_bounds() -> None:
    """On its clock of 30 Hz these 50 frames would be 15 million steps."""
    assert of(beating(50)[1], fps=1e-4, head=head(lv=4.0)).ef_interval is not None
