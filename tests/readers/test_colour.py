from pathlib import Path

import numpy as np
import pytest

from echodfkd.readers import open_source, read_clip
from echodfkd.readers.colour import ColourWatch, coloured_share

RED, BLUE, SEPIA, GREEN, CANDLE = (200, 20, 10), (20, 40, 220), (120, 100, 70), (0, 255, 0), (200, 140, 60)


def bmode(colour: tuple[int, int, int] | None = None, share: float = 0.0) -> np.ndarray:
    """A grey picture with a bar of colour, `share` of its height."""
    frame = np.full((100, 120, 3), 90, np.uint8)
    frame[40 : 40 + round(share * 100), 30:90] = colour or 90
    return frame


def watched(*frames: np.ndarray) -> tuple[str, ...]:
    watch = ColourWatch()
    assert len(list(watch.grey(frames))) == len(frames)
    return watch.notes()


@pytest.mark.parametrize("colour", [RED, BLUE])
def test_the_share_of_colour_in_the_middle(colour: tuple[int, int, int]) -> None:
    # the middle is rows 20..89 and columns 20..99: 70 x 80 pixels, of which 10 x 60 are coloured
    assert coloured_share(bmode(colour, 0.1)) == pytest.approx(600 / 5600)
    assert coloured_share(bmode(colour, 0.1)[..., 0]) == 0


def test_flow_in_some_frames_is_noted_with_its_share() -> None:
    (note,) = watched(*[bmode()] * 20, bmode(RED, 0.1), bmode(BLUE, 0.2))
    assert note.startswith("Colour Doppler in 2 of 22 frames (on up to 21% of what is lit)")
    assert "masks under it are unreliable" in note


def test_one_frame_among_many_is_a_decoding_error_but_a_still_counts() -> None:
    assert watched(*[bmode()] * 9, bmode(RED, 0.2)) == ()
    assert watched(bmode(RED, 0.2))[0].startswith("Colour Doppler in 1 of 1 frames")


@pytest.mark.parametrize(("colour", "share"), [(SEPIA, 0.3), (GREEN, 0.01), (None, 0.0)])
def test_weak_colour_and_thin_traces_are_no_doppler(
    colour: tuple[int, int, int] | None, share: float
) -> None:
    assert watched(*[bmode(colour, share)] * 3) == ()


def test_a_tint_over_everything_is_no_doppler() -> None:
    assert watched(*[np.full((100, 120, 3), CANDLE, np.uint8)] * 3) == ()


def test_a_banner_is_no_doppler() -> None:
    banner = bmode()
    banner[:18] = (30, 60, 160)
    assert watched(banner, banner) == ()


def test_black_tiny_or_no_frames() -> None:
    assert watched() == ()
    assert watched(np.zeros((50, 60, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)) == ()


def test_a_clip_whose_flow_comes_late(tmp_path: Path) -> None:
    """What opening the file shows is too little: jets are seen in systole only."""
    video = np.stack([bmode()] * 30 + [bmode(RED, 0.2)] * 5)
    np.savez(tmp_path / "a.npz", video=video)
    source = open_source(tmp_path / "a.npz")
    assert source.remarks() == ()
    for _ in range(2):  # going through it again changes nothing
        assert sum(1 for _ in source.frames()) == 35
        assert source.remarks()[0].startswith("Colour Doppler in 5 of 35 frames")
    next(source.frames())
    assert source.remarks()[0].startswith("Colour Doppler in 5 of 35 frames")
    assert read_clip(tmp_path / "a.npz").notes == source.remarks()
