import numpy as np

from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.sim.storage import through_h264

CLIP = SimGenerator(frames=12, size=64).clip(3, 1).frames


def test_more_is_lost_the_harder_it_squeezes() -> None:
    lost = [np.abs(through_h264(CLIP, 50.0, rate).astype(int) - CLIP).mean() for rate in (10, 24, 40)]
    assert 0 < lost[0] < lost[1] < lost[2]
    assert lost[0] < 2


def test_every_frame_comes_back_in_its_place() -> None:
    steps = np.repeat(np.arange(20, 220, 20, dtype=np.uint8), 64 * 64).reshape(-1, 64, 64)
    back = through_h264(steps, 8.33, 24)
    assert back.shape == steps.shape
    assert np.abs(back.astype(int) - steps).max() <= 6


def test_equal_frames_give_equal_frames() -> None:
    assert (through_h264(CLIP, 50.0, 30) == through_h264(CLIP, 50.0, 30)).all()


def test_one_frame() -> None:
    assert through_h264(CLIP[:1], 50.0, 30).shape == (1, 64, 64)
