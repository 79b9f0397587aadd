import tracemalloc

import cv2
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from echodfkd.errors import UsageError
from echodfkd.fan import find_fan, upside_down
from echodfkd.readers import read_clip
from echodfkd.sector import Sector, crop, find_sector, from_box, square, uncrop, whole_frame

APEX, RADIUS, HALF = (320, 40), 360, np.deg2rad(40)
TRUE_BOX = (89, 40, 463, 361)  # sin 40 * 360 = 231 to both sides of the axis


def fan_mask(shape=(480, 640), apex=APEX, radius=RADIUS):
    y, x = np.indices(shape)
    return (np.hypot(x - apex[0], y - apex[1]) <= radius) & (
        np.abs(np.arctan2(x - apex[0], y - apex[1])) <= HALF
    )


WITHOUT_FLANKS = fan_mask() & (np.abs(np.indices((480, 640))[1] - 320) < 110)


def speckle(count, mask, seed=0):
    noise = np.random.default_rng(seed).rayleigh(40, (count, *mask.shape)).astype(np.float32)
    return np.stack([np.where(mask, cv2.GaussianBlur(n, (0, 0), 1.5), 0) for n in noise]).astype(np.uint8)


def screen(count=8):
    """A fan with everything that a screen shows around it; the ECG sweeps, all else stands still."""
    frames = speckle(count, fan_mask())
    for number, frame in enumerate(frames):
        cv2.putText(frame, "M3S 62 Hz 16 cm", (8, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 2)
        cv2.rectangle(frame, (0, 455), (639, 479), 90, -1)
        cv2.line(frame, (615, 50), (615, 400), 200, 1)
        x = np.arange(0, 640)
        beat = 425 - 12 * np.exp(-(((x + 40 * number) % 160 - 80) ** 2) / 20)
        cv2.polylines(frame, [np.stack([x, beat], 1).round().astype(np.int32)], False, 255, 1)
    return frames


def boxes_agree(box, true, tolerance):
    ends = [(x, y, x + w, y + h) for x, y, w, h in (box, true)]
    return np.abs(np.subtract(*ends)).max() <= tolerance


def test_fan_is_found_among_text_menu_ruler_and_a_running_ecg():
    found = find_sector(screen())
    assert boxes_agree(found.box, TRUE_BOX, 10)
    true = fan_mask()
    assert (found.mask & true).sum() / (found.mask | true).sum() > 0.95
    assert not found.mask[:32, :200].any() and not found.mask[450:].any() and not found.mask[:, 610:].any()


def test_a_static_clip_is_judged_by_brightness():
    found = find_sector(screen(1).repeat(4, axis=0))
    assert boxes_agree(found.box, TRUE_BOX, 10)


def test_flanks_without_echo_are_completed():
    found = find_sector(speckle(4, WITHOUT_FLANKS))
    assert boxes_agree(found.box, TRUE_BOX, 20)


def test_flanks_are_not_completed_over_text():
    frames = speckle(4, WITHOUT_FLANKS)
    for frame in frames:
        cv2.putText(frame, "AVG 12", (120, 280), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1)
    assert find_sector(frames).mask[260:290, 100:160].sum() == 0


def test_real_cine_box_hugs_the_fan():
    clip = read_clip(get_testdata_file("examples_ybr_color.dcm"))
    found = find_sector(clip.frames)
    # the file's own region, in the pixels of the halved frame: x 42..297, y 15..207
    assert boxes_agree(found.box, (42, 15, 256, 193), 8)
    assert not found.mask[:, :35].any() and not found.mask[:18].any() and not found.mask[225:].any()
    still = find_sector(clip.frames[:1])
    assert boxes_agree(still.box, (42, 15, 256, 193), 10)


def test_a_fan_that_fills_the_frame_keeps_the_whole_frame():
    frames = speckle(4, fan_mask((112, 112), (56, 3), 106))
    found = find_sector(frames)
    assert found.box == (0, 0, 112, 112)
    np.testing.assert_array_equal(crop(frames, found, 112), np.where(found.mask, frames, 0))
    assert np.abs(crop(frames, found, 112).astype(int) - frames).mean() < 0.1


@pytest.mark.parametrize("level", [0, 1])
def test_black_frames_are_taken_whole(level):
    frames = np.full((3, 40, 60), level, np.uint8)
    assert find_fan(frames) is None
    found = find_sector(frames)
    assert found.box == (0, 0, 60, 40) and found.mask.all()


def test_text_alone_is_no_fan():
    frames = np.zeros((3, 480, 640), np.uint8)
    for frame in frames:
        cv2.putText(frame, "NO SIGNAL", (200, 240), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 2)
    assert find_sector(frames).box == (0, 0, 640, 480)


def test_square_is_centred_at_the_top():
    sector = from_box((100, 200), (50, 10, 80, 60))
    assert square(sector) == (50, 10, 80, 80)
    tall = from_box((100, 200), (50, 10, 40, 60))
    assert square(tall) == (40, 10, 60, 60)


def test_square_is_square_in_millimetres():
    # box 40 x 100 px at 0.3 x 0.15 mm (column x row): 12 x 15 mm, so 15 mm: 50 x 100 px
    sector = from_box((200, 200), (60, 20, 40, 100))
    assert square(sector, (0.15, 0.3)) == (55, 20, 50, 100)


def test_a_round_thing_is_round_after_an_anisotropic_crop():
    frame = np.zeros((1, 200, 100), np.uint8)
    cv2.ellipse(frame[0], (50, 100), (20, 40), 0, 0, 360, 255, -1)  # 12 mm by 12 mm
    out = crop(frame, whole_frame((200, 100)), 112, (0.15, 0.3))[0] > 127
    y, x = np.nonzero(out)
    assert abs(np.ptp(x) - np.ptp(y)) <= 1


@pytest.mark.parametrize("spacing", [None, (0.2, 0.2), (0.15, 0.3)])
def test_a_mask_survives_crop_and_uncrop(spacing):
    y, x = np.indices((480, 640))
    mask = ((x - 310) / 60) ** 2 + ((y - 200) / 110) ** 2 < 1
    sector = Sector(fan_mask(), TRUE_BOX)
    prob = crop((mask * np.uint8(255))[None], sector, 112, spacing)
    back = uncrop(prob, sector, mask.shape, spacing)
    assert back.shape == (1, 480, 640) and back.dtype == np.uint8
    found = back[0] >= 128
    assert 2 * (found & mask).sum() / (found.sum() + mask.sum()) > 0.98
    assert not back[0, :40].any()


def test_pixels_outside_the_sector_become_zero():
    out = crop(np.full((2, 480, 640), 255, np.uint8), Sector(fan_mask(), TRUE_BOX), 112)
    assert out.shape == (2, 112, 112)
    assert out[:, 0, :40].max() == 0 and out[:, 60, 56].min() == 255 and out[:, 111].max() == 0


def test_a_box_may_run_outside_the_frame():
    sector = from_box((20, 30), (-10, -5, 20, 20))
    out = crop(np.full((1, 20, 30), 200, np.uint8), sector, 20)
    assert out[0, :5].max() == 0 and out[0, :, :10].max() == 0 and out[0, 5:, 10:].min() == 200
    assert uncrop(out, sector, (20, 30))[0, :15, :10].min() == 200


@pytest.mark.parametrize("box", [(0, 0, 0, 10), (40, 0, 10, 10), (0, -10, 10, 10)])
def test_a_box_without_pixels_is_refused(box):
    with pytest.raises(UsageError, match=r"crop .* has no pixel of the 30x20 frame"):
        from_box((20, 30), box)


@pytest.mark.parametrize("box", [(0, 0, 1, 241), (0, 0, 10**9, 1)])
def test_a_box_that_would_fill_the_memory_is_refused(box):
    with pytest.raises(UsageError, match=r"crop .* is far larger than the 30x20 frame"):
        from_box((20, 30), box)


def test_the_search_takes_little_memory_beside_its_frames():
    """32 frames of 600x600 are 11 MiB; as float64 they would be 88."""
    frames = np.repeat(speckle(2, fan_mask()), 16, axis=0)
    frames = np.stack([cv2.resize(frame, (600, 600)) for frame in frames])
    tracemalloc.start()
    try:
        assert find_fan(frames) is not None
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert peak < 50, f"{peak:.0f} MiB"


def test_upside_down():
    turned = fan_mask()[::-1]
    assert upside_down(turned) and not upside_down(fan_mask())
    found = find_sector(speckle(4, WITHOUT_FLANKS)[:, ::-1]).mask
    assert upside_down(found)
    assert (found & turned).sum() / (found | turned).sum() > 0.9  # the flanks are completed all the same


@pytest.mark.parametrize("mask", [fan_mask()[150:], np.ones((9, 9), bool), np.zeros((9, 9), bool)])
def test_what_has_no_apex_below_is_not_upside_down(mask):
    assert not upside_down(mask)
