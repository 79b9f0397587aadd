import nibabel
import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.readers import open_source, read_clip

VIDEO = np.arange(3 * 20 * 30, dtype=np.uint16).reshape(3, 20, 30) % 251  # (T, H, W)


def save(path, array, zooms, units=("mm", "unknown")):
    image = nibabel.Nifti1Image(array, np.eye(4))
    image.header.set_zooms(zooms)
    image.header.set_xyzt_units(*units)
    nibabel.save(image, path)
    return path


def on_disk(video):
    return video.transpose(2, 1, 0)  # (W, H, T)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_half_sequence_as_of_camus(tmp_path, suffix):
    path = save(tmp_path / f"patient0001_4CH{suffix}", on_disk(VIDEO.astype(np.uint8)), (0.308, 0.154, 1))
    source = open_source(path)
    assert source.name == "patient0001_4CH"
    assert (source.shape, source.n_frames, source.fps) == ((20, 30), 3, None)
    assert source.spacing_mm == (0.154, 0.308)  # row, column
    for _ in range(2):
        np.testing.assert_array_equal(np.stack(list(source.frames())), VIDEO)


def test_one_frame(tmp_path):
    clip = read_clip(save(tmp_path / "a.nii", on_disk(VIDEO.astype(np.uint8))[:, :, 0], (0.3, 0.2)))
    np.testing.assert_array_equal(clip.frames, VIDEO[:1])
    assert clip.spacing_mm == (0.2, 0.3)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_time_axis_tells_the_rate(tmp_path, suffix):
    array = on_disk(VIDEO.astype(np.uint8))[:, :, None]
    path = save(tmp_path / f"a{suffix}", array, (0.3, 0.2, 1, 20), ("mm", "msec"))
    clip = read_clip(path)
    assert clip.fps == pytest.approx(50)
    np.testing.assert_array_equal(clip.frames, VIDEO)
    assert open_source(path, fps=30).fps == 30


def test_a_time_step_of_one_second_is_a_placeholder(tmp_path):
    array = on_disk(VIDEO.astype(np.uint8))[:, :, None]
    assert open_source(save(tmp_path / "a.nii", array, (0.3, 0.2, 1, 1), ("mm", "sec"))).fps is None


def test_spacing_in_metres(tmp_path):
    path = save(tmp_path / "a.nii", on_disk(VIDEO.astype(np.uint8)), (0.0003, 0.0002, 1), ("meter", "sec"))
    assert open_source(path).spacing_mm == (0.2, 0.3)


def test_deep_pixels_are_rescaled_over_the_clip(tmp_path):
    clip = read_clip(save(tmp_path / "a.nii", on_disk(VIDEO.astype(np.int16) * 10), (0.3, 0.2, 1)))
    assert clip.frames.max() == 255 and clip.frames.min() == 0
    assert clip.notes == ("Pixel values 0..2500 were rescaled to 0..255 over the whole clip.",)


def test_the_headers_slope_counts(tmp_path):
    image = nibabel.Nifti1Image(on_disk(VIDEO.astype(np.uint8)), np.eye(4))
    image.header.set_slope_inter(0.5, 3)
    nibabel.save(image, tmp_path / "a.nii")
    data = bytearray((tmp_path / "a.nii").read_bytes())
    data[112:120] = np.array([0.5, 3], "<f4").tobytes()  # scl_slope, scl_inter
    (tmp_path / "a.nii").write_bytes(data)
    np.testing.assert_array_equal(read_clip(tmp_path / "a.nii").frames, np.rint(VIDEO * 0.5 + 3))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_is_refused(tmp_path, value):
    array = on_disk(VIDEO.astype(np.float32))
    array[3, 3, 2] = value
    with pytest.raises(EchoError, match="NaN or infinite"):
        open_source(save(tmp_path / "a.nii", array, (1, 1, 1)))


def test_a_volume_over_time_is_refused(tmp_path):
    with pytest.raises(EchoError, match=r"must be 2D plus time, .*got \(4, 5, 3, 2\)"):
        open_source(save(tmp_path / "a.nii", np.zeros((4, 5, 3, 2), np.uint8), (1, 1, 1, 1)))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_truncated_and_no_nifti(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (60, 50, 9), dtype=np.uint8)
    path = save(tmp_path / f"a{suffix}", noise, (1, 1, 1))
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(EchoError, match="truncated or damaged"):
        open_source(path)
    path.write_text("no image " * 100)
    with pytest.raises(EchoError, match="not a readable NIfTI image"):
        open_source(path)
