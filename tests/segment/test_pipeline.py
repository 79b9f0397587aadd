import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
from dark_cavity import FPS, DarkCavity, beating, in_fan, save_clip

from echodfkd.readers import open_source
from echodfkd.segment.outputs import write_npz
from echodfkd.segment.overlay import overlay_frames
from echodfkd.segment.pipeline import Segmentation, segment


def run(folder: Path, video: np.ndarray, **options: object) -> Segmentation:
    return segment(open_source(save_clip(folder / "x.npz", video, fps=FPS)), DarkCavity(), **options)  # type: ignore[arg-type]


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def whole_mask(found: Segmentation) -> np.ndarray:
    return np.concatenate(list(found.soft.masks()))


def test_a_beating_cavity_is_found_with_its_beats(tmp_path: Path) -> None:
    video, mask = beating(50)
    found = run(tmp_path, video)
    assert dice(whole_mask(found), mask) > 0.97
    assert found.result.ef == pytest.approx(57.8, abs=4)
    assert found.result.area_px == pytest.approx(whole_mask(found).sum(axis=(1, 2)))
    assert found.result.orientation == "as stored"
    assert found.result.model.claim == "real-free"


def test_one_mask_alone_is_the_one_of_the_whole(tmp_path: Path) -> None:
    found = run(tmp_path, beating(12)[0])
    np.testing.assert_array_equal(found.soft.mask(7), whole_mask(found)[7])


def test_masks_of_a_larger_input_come_in_its_own_resolution(tmp_path: Path) -> None:
    video, mask = beating(20, size=300)
    found = run(tmp_path, video)
    assert whole_mask(found).shape == (20, 300, 300)
    assert dice(whole_mask(found), mask) > 0.95


def test_flip_mirrors_for_the_model_only(tmp_path: Path) -> None:
    video, mask = beating(12)
    video, mask = np.roll(video, 20, axis=2), np.roll(mask, 20, axis=2)
    found = run(tmp_path, video, flip=True)
    assert dice(whole_mask(found), mask) > 0.95
    assert found.result.orientation == "flipped"


def test_a_box_limits_the_search(tmp_path: Path) -> None:
    video, mask = beating(12, size=112)
    padded = np.zeros((12, 160, 200), np.uint8)
    padded[:, 30:142, 60:172] = video
    found = run(tmp_path, padded, box=(60, 30, 112, 112))
    expected = np.zeros(padded.shape, bool)
    expected[:, 30:142, 60:172] = mask
    assert dice(whole_mask(found), expected) > 0.97
    assert not whole_mask(found)[:, :30].any()


def test_black_frames_have_no_lv(tmp_path: Path) -> None:
    found = run(tmp_path, np.zeros((6, 112, 112), np.uint8))
    assert found.result.ef is None
    assert "The frames are black." in found.result.warnings
    assert any(warning.startswith("No LV found") for warning in found.result.warnings)


def test_a_single_frame(tmp_path: Path) -> None:
    found = run(tmp_path, beating(1)[0])
    assert len(found.result) == 1
    assert found.result.area_px[0] > 0
    assert any("A single frame" in warning for warning in found.result.warnings)


def write_avi(path: Path, frames: int, side: int) -> Path:
    """A grey MJPEG film of a beating cavity, written frame by frame."""
    video, _ = beating(20, size=side)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width = stream.height = side
        stream.pix_fmt = "yuvj420p"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(video[index % 20], format="gray").reformat(format="yuvj420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_large_film_takes_no_more_memory_than_a_block_of_it(tmp_path: Path) -> None:
    """160 frames of 720 x 720 are 83 MB grey; masks and soft masks would be as much again, each."""
    source = open_source(write_avi(tmp_path / "large.avi", 160, 720))
    tracemalloc.start()
    try:
        found = segment(source, DarkCavity(), box=(0, 0, 720, 720))
        write_npz(tmp_path / "large.npz", found)
        pictures = sum(1 for _ in overlay_frames(found))
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert len(found.result) == pictures == 160
    assert peak < 70, f"{peak:.0f} MiB"
    with np.load(tmp_path / "large.npz") as archive:
        assert archive["mask"].shape == (160, 720, 720)


def test_colour_doppler_is_said(tmp_path: Path) -> None:
    grey = in_fan(beating(45)[0])
    rgb = np.repeat(grey[..., None], 3, axis=3)
    rgb[20:26, 40:70, 45:70] = (210, 30, 20)  # a jet in one systole
    (warning, *_) = run(tmp_path, rgb).result.warnings
    assert warning.startswith("Colour Doppler in 6 of 45 frames")
    assert not any("Doppler" in said for said in run(tmp_path, grey).result.warnings)
