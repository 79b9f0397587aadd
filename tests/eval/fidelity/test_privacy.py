import cv2
import numpy as np
import pytest

from echodfkd.clip import Frames
from echodfkd.errors import EchoError
from echodfkd.eval.fidelity.privacy import (
    altered,
    fingerprint,
    nearest,
    nearest_others,
    similarity,
    threshold,
)
from echodfkd.synth.sim.generator import SimGenerator

COUNT = 10


@pytest.fixture(scope="module")
def videos() -> list[Frames]:
    generator = SimGenerator(frames=20, size=112, fps=20)
    return [generator.clip(4, index).frames for index in range(COUNT)]


def test_altered_copies_are_found_among_all(videos: list[Frames]) -> None:
    prints = [fingerprint(video) for video in videos]
    found = nearest([fingerprint(altered(video)) for video in videos], prints)
    assert found.match.tolist() == list(range(COUNT))
    assert found.similarity.min() > nearest_others(prints).similarity.max()


@pytest.mark.parametrize("change", ["start", "pixels", "gamma", "codec"])
def test_no_single_change_hides_a_copy(videos: list[Frames], change: str) -> None:
    video = videos[0]
    copy = {
        "start": lambda: video[9:],
        "pixels": lambda: np.roll(video, (3, 3), (1, 2)),
        "gamma": lambda: np.rint(255 * (video / 255.0) ** 1.5).astype(np.uint8),
        "codec": lambda: np.stack([_coded(frame) for frame in video]),
    }[change]()
    prints = [fingerprint(one) for one in videos]
    found = nearest([fingerprint(copy)], prints)
    assert found.match.tolist() == [0]
    assert found.similarity[0] > nearest_others(prints).similarity.max()


def _coded(frame: Frames) -> Frames:
    decoded = cv2.imdecode(
        cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_GRAYSCALE
    )
    return np.asarray(decoded, np.uint8)


def test_every_frame_counts() -> None:
    """Clips that share their first half resemble each other less than a clip itself."""
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(12, 50)).astype(np.float32)
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    half = whole.copy()
    half[6:] = whole[rng.permutation(6)]
    assert similarity(whole, whole) == pytest.approx(1)
    assert 0.4 < similarity(whole, half) < 0.75


def test_clips_of_other_lengths() -> None:
    rng = np.random.default_rng(0)
    long = rng.normal(size=(30, 40)).astype(np.float32)
    long /= np.linalg.norm(long, axis=1, keepdims=True)
    assert similarity(long, long[17:]) == pytest.approx(1)
    assert similarity(long[4:5], long) == pytest.approx(1)
    # side by side by less than half of the shorter one does not count
    assert similarity(long[:10], long[6:16]) < 0.5
    assert similarity(long[:10], long[5:15]) == pytest.approx(1)


def test_others_leave_the_clip_itself_out(videos: list[Frames]) -> None:
    prints = [fingerprint(video) for video in videos]
    others = nearest_others(prints)
    assert all(match != index for index, match in enumerate(others.match))
    assert (others.similarity <= threshold(others)).mean() == pytest.approx(0.95, abs=0.06)
    doubled = nearest_others([*prints, prints[3]])
    assert (doubled.match[3], doubled.match[-1]) == (COUNT, 3)


def test_nothing_to_resemble() -> None:
    one = np.zeros((2, 9), np.float32)
    with pytest.raises(EchoError, match="no training clips"):
        nearest([one], [])
    with pytest.raises(EchoError, match="no other to resemble"):
        nearest_others([one])
